import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = new URL("../", import.meta.url);
const pathOf = (path: string): string => fileURLToPath(new URL(path, root));

interface PackageJson {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** Beside the entry points: the command, and the modules that are loaded by their path. */
const OTHERS = ["./dist/cli/main.js", "./dist/server/writer/thread.js"];

/** Names of functions and classes are kept for stack traces; short code is a third quicker to compile. */
export const CODE_SIZE = {
  compress: { keepNames: { function: true, class: true } },
  mangle: { toplevel: true, keepNames: true },
  codegen: { removeWhitespace: true },
} as const;

/** Stands for itself, with all that it needs. */
const PLUGIN = "./dist/openclaw/plugin.js";

/** Every entry: built file without its ending, and source. */
function findEntries({ exports }: PackageJson): Record<string, string> {
  const built = Object.values(exports).flatMap((entry) =>
    typeof entry === "string" || entry.default === PLUGIN ? [] : [entry.default],
  );
  const names = [...built, ...OTHERS].map((file) => /^\.\/dist\/(.*)\.js$/.exec(file)?.[1] ?? file);
  return Object.fromEntries(names.map((name) => [name, pathOf(`src/${name}.ts`)]));
}

/** The modules that `import "turnspan"` needs. */
async function findCore(external: (id: string) => boolean): Promise<ReadonlySet<string>> {
  await using build = await rolldown({ input: pathOf("src/index.ts"), platform: "node", external });
  const { output } = await build.generate({ format: "esm" });
  return new Set(output.flatMap((part) => (part.type === "chunk" ? part.moduleIds : [])));
}

/**
 * Writes the package's code into a folder: all that `turnspan` needs in one file, and one for each set of
 * modules that other entry points share. Finding and loading a file takes longer than most of them take to
 * run, and two copies of a module would be two slots between lifecycle and span processor.
 */
export async function bundlePackage(folder: string): Promise<void> {
  const manifest = JSON.parse(readFileSync(pathOf("package.json"), "utf8")) as PackageJson;
  const packages = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const external = (id: string): boolean =>
    id.startsWith("node:") || packages.some((name) => id === name || id.startsWith(`${name}/`));
  const core = await findCore(external);
  await using build = await rolldown({
    input: findEntries(manifest),
    platform: "node",
    external,
  });
  await build.write({
    dir: folder,
    format: "esm",
    codeSplitting: { groups: [{ name: "core", test: (id) => core.has(id) }] },
    chunkFileNames: "shared/[name]-[hash].js",
    minify: CODE_SIZE,
    sourcemap: true,
  });
}
