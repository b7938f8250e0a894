/** What a cold `import "turnspan"` costs, beside the API alone and the whole SDK. */
import { execFileSync, spawnSync } from "node:child_process";
import { cp, mkdir, mkdtempDisposable, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ratioTo, roundsFor, type Timed, timeInTurn, timeSpread } from "./measure.ts";
import { finish, type Row } from "./report.ts";

const root = path.resolve(import.meta.dirname, "../..");
const ROUNDS = 60;
const BASE = "@opentelemetry/api";

/** A program that imports one thing, and says what CPU time it took to start and to do that. */
const program = (imported: string): string =>
  `${imported}\nconst { user, system } = process.cpuUsage();\nconsole.log(user + system);\n`;

const programs: Readonly<Record<string, string>> = {
  "nothing (taken off below)": program(""),
  [BASE]: program(`import "${BASE}";`),
  turnspan: program('import "turnspan";'),
  "turnspan, from source": program(`import "${path.join(root, "src/index.ts")}";`),
  "@opentelemetry/sdk-node": program('import "@opentelemetry/sdk-node";'),
};
const [EMPTY = ""] = Object.keys(programs);

/** A folder in which packages lie as npm installs them. */
async function installInto(folder: string): Promise<void> {
  const modules = path.join(folder, "node_modules");
  await mkdir(path.join(modules, "turnspan"), { recursive: true });
  // Types are for `npm run check` to judge: it emits all the same.
  const tsc = [path.join(root, "node_modules/typescript/bin/tsc"), "-p", path.join(root, "src")];
  spawnSync(process.execPath, [...tsc, "--outDir", path.join(modules, "turnspan/dist")]);
  await cp(path.join(root, "package.json"), path.join(modules, "turnspan/package.json"));
  await symlink(
    path.join(root, "node_modules/@opentelemetry"),
    path.join(modules, "@opentelemetry"),
  );
}

function timedProgram(file: string, name: string): Timed {
  const run = (): number => Number(execFileSync(process.execPath, [file]).toString());
  // One process, one import: more of them would be warm.
  return { name, time: async () => run() / 1000 };
}

function rowOf(name: string, samples: Map<string, readonly number[]>): Row {
  const goal = name === "turnspan" ? { column: "ratio to the API", atMost: 1.3 } : undefined;
  return {
    name,
    figures: { "ratio to the API": ratioTo(samples, BASE, name), ms: timeSpread(samples, name) },
    goal,
  };
}

await using folder = await mkdtempDisposable(path.join(tmpdir(), "turnspan-import-"));
await installInto(folder.path);
const timed = await Promise.all(
  Object.entries(programs).map(async ([name, text], index) => {
    const file = path.join(folder.path, `program-${index}.mjs`);
    await writeFile(file, text);
    return timedProgram(file, name);
  }),
);
const whole = await timeInTurn(timed, { rounds: roundsFor(ROUNDS), runs: 1, warmUpRuns: 1 });
const empty = whole.get(EMPTY) ?? [];
const beyond = new Map(
  [...whole].map(([name, times]) => [
    name,
    name === EMPTY ? times : times.map((time, round) => time - (empty[round] ?? 0)),
  ]),
);
finish({
  title: "Cold import",
  notes: ["CPU time of a process that imports one thing, less that of one that imports nothing."],
  rows: Object.keys(programs).map((name) => rowOf(name, beyond)),
});
