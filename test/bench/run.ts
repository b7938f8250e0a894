// Runs benches, each in a process of its own, and prints what they found:
//
//     run.ts [NAME...] [--json] [--quick]
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { formatReport, type Goal, type Report, type Row } from "./report.ts";

interface Bench {
  /** What it measures, for the list of benches. */
  readonly about: string;
  /** A URL. */
  readonly file: string;
  /** Of its process. */
  readonly flags?: readonly string[];
  /** Writes a line of plain figures and takes no options; what one of them should be. */
  readonly goal?: Goal;
}

const BENCHES: Readonly<Record<string, Bench>> = {
  turn: {
    about: "an agent turn that is exported, beside raw OpenTelemetry by hand",
    file: import.meta.resolve("./agent-turn.ts"),
  },
  idle: {
    about: "the same turn with nobody listening and no provider",
    file: import.meta.resolve("./idle-turn.ts"),
  },
  "turn-sdk-2": {
    about: "the first one on SDK 2.12 and API 1.9",
    file: import.meta.resolve("./agent-turn-sdk-2.ts"),
  },
  peers: {
    about: "what other libraries take for such a turn",
    file: import.meta.resolve("./peers.ts"),
  },
  hooks: {
    about: "telling hooks of one moment, beside hookable and tapable",
    file: import.meta.resolve("./hand-over.ts"),
    flags: ["--expose-gc", "--single-threaded-gc"],
  },
  "hook-turn": {
    about: "a turn with hooks that nobody listens to, beside the same without any",
    file: import.meta.resolve("./hook-turn.ts"),
    flags: ["--expose-gc", "--single-threaded-gc"],
  },
  "hook-delay": {
    about: "how late a turn goes on after a hanging command, and what a slow hook delays",
    file: import.meta.resolve("./hook-delay.ts"),
  },
  "command-hook": {
    about: "a command as a hook, beside starting it bare",
    file: import.meta.resolve("./command-hook.ts"),
  },
  import: {
    about: "a cold import, beside @opentelemetry/api and the SDK",
    file: import.meta.resolve("./import.ts"),
  },
  ingest: {
    about: "spans that the server takes for each second of its CPU",
    file: import.meta.resolve("./ingest.ts"),
  },
  phoenix: {
    about: "the same spans sent to the server and to Arize Phoenix, until they are stored",
    file: import.meta.resolve("./phoenix.ts"),
  },
  queries: {
    about: "how long the query API takes on a large store",
    file: import.meta.resolve("./queries.ts"),
  },
  viewer: {
    about: "first paint, a running turn's delay and scrolling, in a real Chromium",
    file: import.meta.resolve("./viewer.ts"),
  },
  audit: {
    about: "records that are acknowledged by the audit log in a second, and recovery",
    file: import.meta.resolve("./audit-log.ts"),
  },
  memory: {
    about: "100,000 open sessions, and what is left when they ended",
    file: import.meta.resolve("./memory.ts"),
  },
  replay: {
    about: "lines of a recording that are played in a second of CPU",
    file: import.meta.resolve("./replay.ts"),
    goal: { column: "linesPerCpuSecond", atLeast: 50_000 },
  },
  capture: {
    about: "a hook of a CLI agent that keeps its event, beside starting /bin/true",
    file: import.meta.resolve("./capture.ts"),
  },
  "cost-today": {
    about: "turnspan cost over a gigabyte of transcripts, beside ccusage where CCUSAGE names it",
    file: import.meta.resolve("./cost-today.ts"),
  },
  collector: {
    about: "CPU and disk of the edge, the central tier and the stores, for each record and turn",
    file: import.meta.resolve("./collector.ts"),
  },
  openclaw: {
    about: "a turn, memory and the start of an OpenClaw gateway, with the plugin and without",
    file: import.meta.resolve("./openclaw.ts"),
  },
  "live-transcript": {
    about: "a look at a long transcript whose session runs, beside reading it whole",
    file: import.meta.resolve("./live-transcript.ts"),
    goal: { column: "firstOverIdle", atLeast: 50 },
  },
  statusline: {
    about: "a line in a status bar, beside starting Node.js",
    file: import.meta.resolve("./statusline.ts"),
  },
  transcripts: {
    about: "megabytes of transcripts that are read in a second of CPU",
    file: import.meta.resolve("./transcripts.ts"),
    goal: { column: "megabytesPerCpuSecond", atLeast: 50 },
  },
};

const options = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
const allNames = Object.keys(BENCHES);
const help = `Usage: npm run bench -- [NAME...] [--quick] [--json]

Runs these benches, or all of them, each in a process of its own. What they found and what it
says: docs/benchmarks.md.

${Object.entries(BENCHES)
  .map(([name, { about }]) => `  ${name.padEnd(13)} ${about}\n`)
  .join("")}
  --quick       only to look whether they work: a tenth of the rounds, and figures that say little
  --json        print one JSON document
  -h, --help    print this

Exit code: 1 where a bench failed, 2 wrong use. A goal that is missed is no failure.
`;

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

/** Says on standard error what runs, since each takes from seconds to minutes. */
function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function runAll(names: readonly string[], json: boolean): void {
  const reports: Record<string, Report> = {};
  for (const [at, name] of names.entries()) {
    const bench = BENCHES[name];
    if (bench === undefined) continue;
    tell(`[${at + 1}/${names.length}] ${name}: ${bench.about} ...`);
    const began = performance.now();
    try {
      reports[name] = runBench(name, bench);
      tell(
        `[${at + 1}/${names.length}] ${name}: ${Math.round((performance.now() - began) / 1000)} s`,
      );
      if (!json) console.log(formatReport(reports[name]));
    } catch (error) {
      process.exitCode = 1;
      tell(String(error));
    }
  }
  if (json) console.log(JSON.stringify(reports, undefined, 2));
}

/** Wrong use is told in one line, with all names that there are. */
function readArguments(): { names: readonly string[]; json: boolean; help: boolean } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const unknown = positionals.filter((name) => !Object.hasOwn(BENCHES, name));
  if (unknown.length > 0) {
    throw new Error(`There is no bench ${unknown.join(", ")}; there are ${allNames.join(", ")}`);
  }
  return { ...values, names: positionals.length > 0 ? positionals : allNames };
}

try {
  const { names, json, help: wantsHelp } = readArguments();
  if (wantsHelp) process.stdout.write(help);
  else runAll(names, json);
} catch (error) {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  tell(`${line.split(". To specify")[0]}; see npm run bench -- --help`);
  process.exitCode = 2;
}
