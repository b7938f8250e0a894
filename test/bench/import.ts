/** What a cold `import "turnspan"` costs, as it is installed, beside the API alone and the whole SDK. */
import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtempDisposable, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { bundlePackage } from "../../scripts/bundle.ts";
import { ratioTo, roundsFor, spreadOf } from "./measure.ts";
import { finish, type Row } from "./report.ts";

const root = path.resolve(import.meta.dirname, "../..");
const ROUNDS = 40;
const BASE = "@opentelemetry/api";

const imported: Readonly<Record<string, string>> = {
  [BASE]: BASE,
  turnspan: "turnspan",
  "@opentelemetry/sdk-node": "@opentelemetry/sdk-node",
};

/** Milliseconds of one import in a process of its own. */
interface Cost {
  readonly cpu: number;
  readonly wall: number;
  /** Of `cpu`, what V8 took to compile and to run the modules, with their texts at hand. */
  readonly v8: number;
}

/** A folder in which packages lie as npm installs them. */
async function installInto(folder: string): Promise<void> {
  const installed = path.join(folder, "node_modules/turnspan");
  await mkdir(installed, { recursive: true });
  await bundlePackage(path.join(installed, "dist"));
  await cp(path.join(root, "package.json"), path.join(installed, "package.json"));
  await symlink(
    path.join(root, "node_modules/@opentelemetry"),
    path.join(folder, "node_modules/@opentelemetry"),
  );
  for (const name of ["import-cost.mjs", "compile-cost.mjs"]) {
    await cp(path.join(import.meta.dirname, "import", name), path.join(folder, name));
  }
}

/** Runs one of the two programs: it imports one thing, and says what that cost. */
function ask<T>(folder: string, program: string, specifier: string, flags: string[] = []): T {
  const script = path.join(folder, program);
  const args = [...flags, script, specifier];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: folder }).toString());
}

const canCompile = (specifier: string): boolean => specifier === BASE || specifier === "turnspan";

function importOnce(folder: string, specifier: string): Cost {
  const cost = ask<Pick<Cost, "cpu" | "wall">>(folder, "import-cost.mjs", specifier);
  const flags = ["--experimental-vm-modules", "--no-warnings"];
  const v8 = canCompile(specifier)
    ? ask<number>(folder, "compile-cost.mjs", specifier, flags)
    : Number.NaN;
  return { ...cost, v8 };
}

/** In turn, and each round begins with another one: a busy machine hits all alike. */
function importInTurn(folder: string, rounds: number): Map<string, Cost[]> {
  const costs = new Map(Object.keys(imported).map((name) => [name, [] as Cost[]]));
  const all = Object.entries(imported);
  for (const [, specifier] of all) importOnce(folder, specifier);
  for (let round = 0; round < rounds; round += 1) {
    const first = round % all.length;
    for (const [name, specifier] of [...all.slice(first), ...all.slice(0, first)]) {
      costs.get(name)?.push(importOnce(folder, specifier));
    }
  }
  return costs;
}

function rowOf(name: string, costs: Map<string, Cost[]>): Row {
  const pick = (key: keyof Cost): Map<string, number[]> =>
    new Map([...costs].map(([each, list]) => [each, list.map((cost) => cost[key])]));
  const spread = (key: keyof Cost) => spreadOf(pick(key).get(name) ?? []);
  const goal = name === "turnspan" ? { column: "ratio to the API", atMost: 1.3 } : undefined;
  const compiled = canCompile(imported[name] ?? "") ? { "of it V8 ms": spread("v8") } : {};
  return {
    name,
    figures: {
      "ratio to the API": ratioTo(pick("cpu"), BASE, name),
      "CPU ms": spread("cpu"),
      "wall ms": spread("wall"),
      ...compiled,
    },
    goal,
  };
}

await using folder = await mkdtempDisposable(path.join(tmpdir(), "turnspan-import-"));
await installInto(folder.path);
const costs = importInTurn(folder.path, roundsFor(ROUNDS));
finish({
  title: "Cold import",
  notes: [
    "Of one import in a new process, measured in that process. The ratio is of CPU time, round by round.",
    "V8: compiling and running the modules alone, without finding and reading their files.",
  ],
  rows: Object.keys(imported).map((name) => rowOf(name, costs)),
});
