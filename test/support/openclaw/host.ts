import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { installDependencies, withLock } from "../install.ts";
import { runProcess } from "../run-process.ts";

const root = path.resolve(import.meta.dirname, "../../..");

/** Installs the gateway once, into a folder of its own; returns that folder. */
export async function installHost(): Promise<string> {
  const folder = path.join(root, "test/compat/openclaw");
  // Its scripts want the Node that runs npm to be as new as the one that runs the gateway.
  await installDependencies(folder, ["--ignore-scripts"]);
  return folder;
}

/** Turnspan as its users get it. */
export interface PackedTurnspan {
  readonly tarball: string;
  /** The plugin of it by itself. */
  readonly folder: string;
}

/** What goes into the package, or makes it. */
const SOURCES = ["src", "scripts", "bin", "schema"];
const FILES = ["package.json", "package-lock.json", "tsconfig.json", "openclaw.plugin.json"];
const DOCUMENTS = ["CHANGELOG.md", "README.md", "LICENSE"];

/** Builds and packs what the sources are now, once for all tests of a run. */
export async function packTurnspan(): Promise<PackedTurnspan> {
  const cache = path.join(tmpdir(), `turnspan-packed-${await hashSources()}`);
  const packed = {
    tarball: path.join(cache, "turnspan.tgz"),
    folder: path.join(cache, "package/dist/openclaw"),
  };
  await withLock(`${cache}.lock`, async () => {
    if (!(await exists(packed.tarball))) await pack(packed, cache);
  });
  return packed;
}

/** In a copy, so that no other test finds a half-built package. */
async function pack({ tarball }: PackedTurnspan, cache: string): Promise<void> {
  const copy = await mkdtemp(path.join(tmpdir(), "turnspan-copy-"));
  try {
    for (const name of [...SOURCES, ...FILES, ...DOCUMENTS]) {
      await cp(path.join(root, name), path.join(copy, name), { recursive: true });
    }
    await symlink(path.join(root, "node_modules"), path.join(copy, "node_modules"));
    await mkdir(cache, { recursive: true });
    await run("npm", ["pack", "--pack-destination", copy], copy);
    const [made = ""] = (await readdir(copy)).filter((name) => name.endsWith(".tgz"));
    await run("tar", ["xzf", path.join(copy, made), "-C", cache], copy);
    await cp(path.join(copy, made), `${tarball}.new`);
    await rename(`${tarball}.new`, tarball);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  const { code, stdout, stderr } = await runProcess(command, args, { cwd });
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}:\n${stdout}\n${stderr}`);
}

async function hashSources(): Promise<string> {
  const hash = createHash("sha256");
  for (const name of [...SOURCES, ...FILES]) await addToHash(hash, path.join(root, name));
  return hash.digest("hex").slice(0, 16);
}

async function addToHash(hash: ReturnType<typeof createHash>, file: string): Promise<void> {
  const entries = await readdir(file, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) {
    hash.update(file).update(await readFile(file));
    return;
  }
  for (const { name } of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    await addToHash(hash, path.join(file, name));
  }
}

const exists = (file: string): Promise<boolean> =>
  readFile(file).then(
    () => true,
    () => false,
  );
