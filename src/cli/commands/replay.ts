import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { cliAgents, isCliAgent } from "../../adapters/cli-agents/agents.ts";
import { AgentReplay, type AgentReplayOptions } from "../../adapters/cli-agents/replay.ts";
import {
  openReplay,
  type Replay,
  type ReplayReport,
  type SkippedLine,
} from "../../adapters/openclaw/replay.ts";
import { CodedError, messageOf } from "../../base/errors.ts";
import type { LifecycleEvent } from "../../lifecycle/events.ts";
import type { Turnspan } from "../../turnspan.ts";
import { boundedLines } from "../bounded-lines.ts";
import { type Command, parseOptions, wrongUse } from "../command.ts";
import type { CliContext } from "../context.ts";
import { checkEndpointOption } from "../endpoint-option.ts";
import { startProgress } from "../progress.ts";
import { costText, RecordTally, type Tally, turnsText } from "../record-tally.ts";
import { EVENTS_PER_DRAIN, openReplayOutput, type ReplayOutput } from "./replay-output.ts";

const usage = `Usage: turnspan replay --host HOST FILE [--out FILE | --endpoint URL] [OPTIONS]

Plays a recording of a host through the lifecycle, at the times of the recording, and writes what comes
of it: spans and records, marked turnspan.source = replay. No hook runs and nothing is audited.

  FILE              the recording, a JSON object a line; - reads standard input
  --host HOST       whose recording it is: openclaw, claude-code, qwen-code, gemini-cli or codex; of the
                    last four, a hook's payload a line
  --transcript PATH what a CLI agent wrote of the same sessions: it tells what hooks do not; repeatable
  --start TIME      when a recording without times began (default 2026-01-01T00:00:00Z)
  --out FILE        write OTLP JSON lines to FILE, as the OpenTelemetry Collector's file exporter does;
                    - writes to standard output, and the summary to standard error
  --endpoint URL    send by OTLP over HTTP; a name and password in it are sent as Basic authorization
                    (default: what the OTEL_EXPORTER_OTLP_* variables say, else http://127.0.0.1:4318)
  --metrics         make metrics too
  --content MODE    none (default) or export: whether prompts and answers are written
  --json            print the summary as JSON
  -h, --help        print this

Lines that cannot be read, and those over 64 MB, are reported with their number and skipped. Ctrl-C stops
the reading: what was played by then is written, and summed up. A second one ends at once.
Exit code: 0 all played, 1 played but for some lines, 2 wrong use or nothing could be written, 130 interrupted.
`;

const options = {
  host: { type: "string" },
  out: { type: "string" },
  endpoint: { type: "string" },
  transcript: { type: "string", multiple: true },
  start: { type: "string", default: "2026-01-01T00:00:00Z" },
  metrics: { type: "boolean", default: false },
  content: { type: "string", default: "none" },
  json: { type: "boolean", default: false },
} as const;

interface ReplayRequest {
  readonly host: string;
  readonly transcripts: readonly string[];
  readonly startMs: number;
  readonly file: string;
  readonly out: string | undefined;
  readonly endpoint: string | undefined;
  readonly metrics: boolean;
  readonly content: "none" | "export";
  readonly json: boolean;
}

const HOSTS = ["openclaw", ...Object.keys(cliAgents)];
/** Far beyond any line of a gateway, far below what memory and the longest text allow. */
const MAX_LINE_MEGABYTES = 64;
const MEGABYTE = 1_000_000;

function readRequest(args: readonly string[]): ReplayRequest {
  const { values, positionals } = parseOptions("replay", args, options);
  const [file, ...more] = positionals;
  const { host, out, endpoint, metrics, content, json, start, transcript = [] } = values;
  if (host === undefined) throw wrong(`--host is missing: one of ${HOSTS.join(", ")}`);
  if (!HOSTS.includes(host)) throw wrong(`--host ${host} is not known: one of ${HOSTS.join(", ")}`);
  if (file === undefined)
    throw wrong("the recording is missing: name a FILE, or - for standard input");
  if (more.length > 0) throw wrong(`one recording at a time: ${more.join(" ")} is too much`);
  if (out !== undefined && endpoint !== undefined)
    throw wrong("--out and --endpoint exclude each other");
  checkEndpointOption("replay", endpoint);
  if (content !== "none" && content !== "export") {
    throw wrong(`--content ${content} is not known: none or export`);
  }
  const startMs = Date.parse(start);
  if (Number.isNaN(startMs))
    throw wrong(`--start ${start} is no time, such as 2026-11-21T09:30:00Z`);
  return { host, transcripts: transcript, startMs, file, out, endpoint, metrics, content, json };
}

const wrong = (problem: string): CodedError => wrongUse("replay", problem);

/** Lines of the file; what its reading throws names it. */
async function* readLines(file: string, cli: CliContext): AsyncGenerator<string | SkippedLine> {
  const input = file === "-" ? (cli.stdin ?? process.stdin) : createReadStream(file);
  try {
    for await (const line of boundedLines(input, MAX_LINE_MEGABYTES * MEGABYTE, cli.signal)) {
      if (typeof line === "string") yield line;
      else yield { skipped: tooLong(line.bytes) };
    }
  } catch (cause) {
    throw new CodedError("REPLAY_FAILED", `cannot read ${file}: ${messageOf(cause)}`, { cause });
  } finally {
    // A terminal that is still read from would keep the process.
    if ("destroy" in input) input.destroy();
  }
}

const tooLong = (bytes: number): string =>
  `a line of ${Math.round(bytes / MEGABYTE)} MB, more than ${MAX_LINE_MEGABYTES} MB`;

/** Before anything is written: a recording that is not there must cost no older output, nor itself. */
async function assertReadable({ file, out }: ReplayRequest): Promise<void> {
  if (file === "-") return;
  const input = await open(file).catch((cause: unknown) =>
    Promise.reject(
      new CodedError("REPLAY_FAILED", `cannot read ${file}: ${messageOf(cause)}`, { cause }),
    ),
  );
  const { dev, ino } = await input.stat().finally(() => input.close());
  if (out === undefined || out === "-") return;
  const output = await stat(out).catch(() => undefined);
  if (output?.dev === dev && output.ino === ino) {
    throw wrong(`--out ${out} is the recording itself`);
  }
}

async function play(
  events: AsyncIterable<LifecycleEvent>,
  turnspan: Turnspan,
  output: ReplayOutput,
  cli: CliContext,
): Promise<number> {
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

/** What reads the recordings of a host. */
function openReplayOf(request: ReplayRequest, cli: CliContext): Replay {
  const { host, startMs, transcripts, file } = request;
  const onBrokenLine: AgentReplayOptions["onBrokenLine"] = ({ line, reason }) =>
    cli.stderr.write(`${file}:${line}: skipped: ${reason}\n`);
  if (!isCliAgent(host)) return openReplay({ onBrokenLine });
  const content = request.content !== "none";
  const { signal } = cli;
  return new AgentReplay({ agent: host, startMs, transcripts, content, signal, onBrokenLine });
}

async function runReplay(args: readonly string[], cli: CliContext): Promise<number> {
  const request = readRequest(args);
  await assertReadable(request);
  const tally = new RecordTally();
  const replay = openReplayOf(request, cli);
  const { host } = request;
  let events = 0;
  {
    await using output = await openReplayOutput(
      { ...request, source: "replay", serviceName: host },
      (record) => tally.add(record),
      cli,
    );
    const turnspan = await output.turnspanOf(host);
    events = await play(replay.events(readLines(request.file, cli)), turnspan, output, cli);
    await output.close();
  }
  const summary = request.out === "-" ? cli.stderr : cli.stdout;
  const write = request.json ? toJson : toText;
  summary.write(write(replay.report, events, tally.read()));
  if (cli.signal.aborted) {
    cli.stderr.write("turnspan: interrupted: the rest of the recording was not played\n");
    return 130;
  }
  return replay.report.brokenLines > 0 ? 1 : 0;
}

function toJson(report: ReplayReport, events: number, tally: Tally): string {
  const { lines, brokenLines: skippedLines } = report;
  return `${JSON.stringify({ lines, skippedLines, events, ...tally })}\n`;
}

function toText(report: ReplayReport, events: number, tally: Tally): string {
  return [
    `${report.lines} lines, ${report.brokenLines} skipped, ${events} events`,
    `sessions  ${tally.sessions}`,
    `turns     ${turnsText(tally) || "0"}; ${tally.announceTurns} announce`,
    `subagents ${tally.subagents}`,
    `settings changes ${tally.settingsChanges}, messages ${tally.messages}`,
    `cost      ${costText(tally)} (API list price, or the host's own)`,
    "",
  ].join("\n");
}

export const replayCommand: Command = {
  name: "replay",
  summary: "turn a recording of a host into traces, records and metrics",
  usage,
  run: runReplay,
};
