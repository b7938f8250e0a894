import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { openReplay, type ReplayReport } from "../../adapters/openclaw/replay.ts";
import { CodedError } from "../../base/errors.ts";
import type { LifecycleEvent } from "../../lifecycle/events.ts";
import { type Command, parseOptions } from "../command.ts";
import type { CliContext } from "../context.ts";
import { startProgress } from "../progress.ts";
import { RecordTally, type Tally } from "../record-tally.ts";
import { openReplayOutput, type ReplayOutput } from "./replay-output.ts";

const usage = `Usage: turnspan replay --host HOST FILE [--out FILE | --endpoint URL] [OPTIONS]

Plays a recording of a host through the lifecycle, at the times of the recording, and writes what comes
of it: spans and records, marked turnspan.source = replay. No hook runs and nothing is audited.

  FILE              the recording, a JSON object a line; - reads standard input
  --host HOST       whose recording it is: openclaw
  --out FILE        write OTLP JSON lines to FILE, as the OpenTelemetry Collector's file exporter does
  --endpoint URL    send by OTLP over HTTP (default: OTEL_EXPORTER_OTLP_ENDPOINT, else http://127.0.0.1:4318)
  --metrics         make metrics too
  --content MODE    none (default) or export: whether prompts and answers are written
  --json            print the summary as JSON

Lines that cannot be read are reported with their number and skipped.
Exit code: 0 all played, 1 played but for some lines, 2 wrong use or nothing could be written, 130 interrupted.
`;

const options = {
  host: { type: "string" },
  out: { type: "string" },
  endpoint: { type: "string" },
  metrics: { type: "boolean", default: false },
  content: { type: "string", default: "none" },
  json: { type: "boolean", default: false },
} as const;

interface ReplayRequest {
  readonly file: string;
  readonly out: string | undefined;
  readonly endpoint: string | undefined;
  readonly metrics: boolean;
  readonly content: "none" | "export";
  readonly json: boolean;
}

const HOSTS = ["openclaw"];
/** Events between two waits for the output: what is held in memory then is bounded by this. */
const EVENTS_PER_DRAIN = 2000;

function readRequest(args: readonly string[]): ReplayRequest {
  const { values, positionals } = parseOptions("replay", args, options);
  const [file, ...more] = positionals;
  const { host, out, endpoint, metrics, content, json } = values;
  if (host === undefined) throw wrong(`--host is missing: one of ${HOSTS.join(", ")}`);
  if (!HOSTS.includes(host)) throw wrong(`--host ${host} is not known: one of ${HOSTS.join(", ")}`);
  if (file === undefined)
    throw wrong("the recording is missing: name a FILE, or - for standard input");
  if (more.length > 0) throw wrong(`one recording at a time: ${more.join(" ")} is too much`);
  if (out !== undefined && endpoint !== undefined)
    throw wrong("--out and --endpoint exclude each other");
  if (endpoint !== undefined && !/^https?:\/\/./.test(endpoint)) {
    throw wrong(`--endpoint ${endpoint} is no http or https URL`);
  }
  if (content !== "none" && content !== "export") {
    throw wrong(`--content ${content} is not known: none or export`);
  }
  return { file, out, endpoint, metrics, content, json };
}

const wrong = (problem: string): CodedError =>
  new CodedError("USAGE", `${problem}; see turnspan replay --help`);

/** Lines of the file; what its reading throws names it. */
async function* readLines(file: string, signal: AbortSignal): AsyncGenerator<string> {
  const input = file === "-" ? process.stdin : createReadStream(file, { signal });
  const failed = new Promise<never>((_, reject) => input.once("error", reject));
  // The race below hears of it; after the last line nobody does.
  failed.catch(() => {});
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[
    Symbol.asyncIterator
  ]();
  try {
    for (;;) {
      const next = await Promise.race([lines.next(), failed]);
      if (next.done === true) return;
      yield next.value;
    }
  } catch (cause) {
    throw new CodedError("REPLAY_FAILED", `cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** Before anything is written: a recording that is not there must cost no older output, nor itself. */
async function assertReadable({ file, out }: ReplayRequest): Promise<void> {
  if (file === "-") return;
  const input = await open(file).catch((cause: unknown) =>
    Promise.reject(
      new CodedError("REPLAY_FAILED", `cannot read ${file}: ${messageOf(cause)}`, { cause }),
    ),
  );
  const { dev, ino } = await input.stat().finally(() => input.close());
  if (out === undefined) return;
  const output = await stat(out).catch(() => undefined);
  if (output?.dev === dev && output.ino === ino) {
    throw wrong(`--out ${out} is the recording itself`);
  }
}

async function play(
  events: AsyncIterable<LifecycleEvent>,
  output: ReplayOutput,
  cli: CliContext,
): Promise<number> {
  const { turnspan } = output;
  const progress = startProgress(cli, "events");
  let played = 0;
  let last = 0;
  for await (const event of events) {
    turnspan.advance(event.time);
    void turnspan.observe(event);
    last = event.time;
    played += 1;
    progress.count(played);
    if (played % EVENTS_PER_DRAIN === 0) await output.drain();
  }
  progress.end();
  // What the recording leaves open is closed where it stops: a span without an end would be lost.
  turnspan.advance(Number.POSITIVE_INFINITY);
  void turnspan.observe({
    type: "host.stop",
    time: last,
    reason: "recording ended",
    outcome: "abandoned",
  });
  await output.drain();
  return played;
}

async function runReplay(args: readonly string[], cli: CliContext): Promise<number> {
  const request = readRequest(args);
  await assertReadable(request);
  const tally = new RecordTally();
  const replay = openReplay({
    onBrokenLine: ({ line, reason }) =>
      cli.stderr.write(`${request.file}:${line}: skipped: ${reason}\n`),
  });
  let events = 0;
  {
    await using output = await openReplayOutput(request, (record) => tally.add(record), cli);
    events = await play(replay.events(readLines(request.file, cli.signal)), output, cli);
    await output.close();
  }
  if (request.json)
    cli.stdout.write(`${JSON.stringify(toJson(replay.report, events, tally.read()))}\n`);
  else cli.stdout.write(toText(replay.report, events, tally.read()));
  return replay.report.brokenLines > 0 ? 1 : 0;
}

const toJson = (report: ReplayReport, events: number, tally: Tally): object => ({
  lines: report.lines,
  skippedLines: report.brokenLines,
  events,
  ...tally,
});

function toText(report: ReplayReport, events: number, tally: Tally): string {
  const turns = Object.entries(tally.turns).map(([outcome, count]) => `${count} ${outcome}`);
  const unknown =
    tally.unknownCostCalls === 0 ? "" : `, and ${tally.unknownCostCalls} calls of unknown price`;
  return [
    `${report.lines} lines, ${report.brokenLines} skipped, ${events} events`,
    `sessions  ${tally.sessions}`,
    `turns     ${turns.join(", ") || "0"}; ${tally.announceTurns} announce`,
    `subagents ${tally.subagents}`,
    `settings changes ${tally.settingsChanges}, messages ${tally.messages}`,
    `cost      $${tally.costUsd}${unknown} (API list price, or the host's own)`,
    "",
  ].join("\n");
}

export const replayCommand: Command = {
  name: "replay",
  summary: "turn a recording of a host into traces, records and metrics",
  usage,
  run: runReplay,
};
