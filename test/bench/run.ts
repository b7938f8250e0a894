// Runs benches, each in a process of its own, and prints what they found:
//
//     run.ts [NAME...] [--json] [--quick]
//
// --quick is for looking whether they work: its figures say little.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { formatReport, type Goal, type Report, type Row } from "./report.ts";

interface Bench {
  /** A URL. */
  readonly file: string;
  /** Of its process. */
  readonly flags?: readonly string[];
  /** Writes a line of plain figures and takes no options; what one of them should be. */
  readonly goal?: Goal;
}

const BENCHES: Readonly<Record<string, Bench>> = {
  turn: { file: import.meta.resolve("./agent-turn.ts") },
  idle: { file: import.meta.resolve("./idle-turn.ts") },
  "turn-sdk-2": { file: import.meta.resolve("./agent-turn-sdk-2.ts") },
  peers: { file: import.meta.resolve("./peers.ts") },
  hooks: {
    file: import.meta.resolve("./hand-over.ts"),
    flags: ["--expose-gc", "--single-threaded-gc"],
  },
  "command-hook": { file: import.meta.resolve("./command-hook.ts") },
  import: { file: import.meta.resolve("./import.ts") },
  memory: { file: import.meta.resolve("./memory.ts") },
  replay: {
    file: import.meta.resolve("./replay.ts"),
    goal: { column: "linesPerSecond", atLeast: 50_000 },
  },
  transcripts: {
    file: import.meta.resolve("./transcripts.ts"),
    goal: { column: "megabytesPerCpuSecond", atLeast: 50 },
  },
};

const given = process.argv.slice(2);
const options = given.filter((argument) => argument.startsWith("--"));
const names = given.filter((argument) => !argument.startsWith("--"));

function runBench(name: string, { file, flags = [], goal }: Bench): Report {
  const script = fileURLToPath(file);
  const passed = goal === undefined ? [...new Set([...options, "--json"])] : [];
  const { status, stdout } = spawnSync(process.execPath, [...flags, script, ...passed], {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`bench ${name} failed with exit code ${status}`);
  const found: unknown = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  if (goal === undefined) return found as Report;
  return { title: name, notes: [], rows: [{ name, figures: found as Row["figures"], goal }] };
}

function runAll(): void {
  const reports: Record<string, Report> = {};
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (names.length > 0 && !names.includes(name)) continue;
    try {
      reports[name] = runBench(name, bench);
      if (!options.includes("--json")) console.log(formatReport(reports[name]));
    } catch (error) {
      process.exitCode = 1;
      console.error(String(error));
    }
  }
  if (options.includes("--json")) console.log(JSON.stringify(reports, undefined, 2));
}

const unknown = names.filter((name) => BENCHES[name] === undefined);
if (unknown.length === 0) {
  runAll();
} else {
  console.error(`no bench ${unknown.join(", ")}; there are ${Object.keys(BENCHES).join(", ")}`);
  process.exitCode = 2;
}
