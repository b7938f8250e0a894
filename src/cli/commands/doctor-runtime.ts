import { readdir, readFile, realpath } from "node:fs/promises";
import path from "node:path";
import type { Finding } from "./doctor-finding.ts";

const MIN_NODE = 24;
/** Before it two connections could damage a database in WAL mode. */
const MIN_SQLITE = [3, 51, 3];

/** Node, and the SQLite in it. */
export function checkRuntime(versions: NodeJS.ProcessVersions): Finding[] {
  const { node, sqlite = "0" } = versions;
  const isNodeOld = Number.parseInt(node, 10) < MIN_NODE;
  const isSqliteOld = isBefore(sqlite.split(".").map(Number), MIN_SQLITE);
  return [
    {
      state: isNodeOld ? "fail" : "ok",
      check: "node",
      found: node,
      fix: isNodeOld ? `use Node ${MIN_NODE} or later` : undefined,
    },
    {
      state: isSqliteOld ? "warn" : "ok",
      check: "sqlite",
      found: sqlite,
      fix: isSqliteOld ? "use a newer Node: this SQLite can damage a database" : undefined,
    },
  ];
}

function isBefore(version: readonly number[], other: readonly number[]): boolean {
  for (const [at, part] of other.entries()) {
    const own = version[at] ?? 0;
    if (own !== part) return own < part;
  }
  return false;
}

interface ApiCopy {
  readonly folder: string;
  readonly version: string;
}

const API = "@opentelemetry/api";

/**
 * Copies of the OpenTelemetry API that a project has. Each has a context and globals of its own for those
 * that were built against it, so that with two of them spans may go nowhere.
 */
export async function checkApiCopies(cwd: string): Promise<Finding[]> {
  const copies = await findApiCopies(cwd);
  const shown = copies.map(({ version, folder }) => `${version} (${path.relative(cwd, folder)})`);
  const check = "OpenTelemetry API";
  if (copies.length === 0)
    return [{ state: "info", check, found: "none in this folder's modules" }];
  if (copies.length === 1) return [{ state: "ok", check, found: shown.join("") }];
  const fix = `keep one: npm dedupe, else "overrides": {"${API}": "${copies[0]?.version}"} in package.json`;
  return [{ state: "warn", check, found: `${copies.length} copies: ${shown.join(", ")}`, fix }];
}

async function findApiCopies(cwd: string): Promise<readonly ApiCopy[]> {
  const copies = new Map<string, ApiCopy>();
  for await (const modules of findModuleFolders(cwd)) {
    const folder = await realpath(path.join(modules, API)).catch(() => undefined);
    if (folder === undefined) continue;
    const manifest = await readFile(path.join(folder, "package.json"), "utf8").catch(() => "{}");
    const { version = "unknown" } = JSON.parse(manifest) as { version?: string };
    copies.set(folder, { folder, version });
  }
  return [...copies.values()];
}

/** Every `node_modules` from here up, and those in the packages that they hold. */
async function* findModuleFolders(cwd: string): AsyncGenerator<string> {
  for (let folder = path.resolve(cwd); ; folder = path.dirname(folder)) {
    yield* walkModules(path.join(folder, "node_modules"));
    if (folder === path.dirname(folder)) return;
  }
}

async function* walkModules(modules: string): AsyncGenerator<string> {
  const names = await folderNames(modules);
  if (names.length === 0) return;
  yield modules;
  for (const name of names) {
    if (name === ".pnpm") yield* walkStore(path.join(modules, name));
    if (name.startsWith(".")) continue;
    const inner = name.startsWith("@") ? await folderNames(path.join(modules, name)) : [""];
    for (const part of inner) yield* walkModules(path.join(modules, name, part, "node_modules"));
  }
}

/** The store of pnpm: a folder for each version of each package. */
async function* walkStore(store: string): AsyncGenerator<string> {
  for (const name of await folderNames(store)) yield path.join(store, name, "node_modules");
}

/** Links are not followed: what they lead to is found at its own place. */
async function folderNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
