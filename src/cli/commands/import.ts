import path from "node:path";
import { agentsWithTranscripts, isCliAgent } from "../../adapters/cli-agents/agents.ts";
import { findTranscripts, type SessionFiles } from "../../adapters/cli-agents/find-transcripts.ts";
import { joinSessions } from "../../adapters/cli-agents/join-sessions.ts";
import type { CliAgentId } from "../../adapters/cli-agents/transcript.ts";
import { findDataFolder } from "../../base/data-folder.ts";
import type { CodedError } from "../../base/errors.ts";
import type { ContentMode } from "../../lifecycle/content.ts";
import { type Command, parseOptions, wrongUse } from "../command.ts";
import type { CliContext } from "../context.ts";
import { checkEndpointOption } from "../endpoint-option.ts";
import { RecordTally } from "../record-tally.ts";
import { openCalendar, readMoment } from "./cost-period.ts";
import { hasTroubles } from "./cost-report.ts";
import { nothingText, troubleText } from "./cost-text.ts";
import { ImportLedger } from "./import-ledger.ts";
import { importJson, importText } from "./import-report.ts";
import { importSessions } from "./import-sessions.ts";
import { findEndpoint, openReplayOutput } from "./replay-output.ts";

const usage = `Usage: turnspan import [PATH...] [--host AGENT] [--since DATE] [--out FILE | --endpoint URL] [OPTIONS]

Turns the transcripts that CLI agents keep on this machine into the sessions, turns, model calls, tools and
subagents that they tell of, at their own times, marked turnspan.source = import. Nothing is alerted, no hook
runs, no budget and no live metric is touched. What was imported before is not sent again; after Ctrl-C the
next run goes on.

  PATH              a transcript, or a folder of them (default: the agents' own folders)
  --host AGENT      auto (default), or one of ${agentsWithTranscripts.join(", ")}
  --since DATE      sessions that were written to since a day, such as 2026-11-01, or a time
  --replace         also what was imported before
  --out FILE        write OTLP JSON lines to FILE, as the OpenTelemetry Collector's file exporter does
  --endpoint URL    send by OTLP over HTTP (default: OTEL_EXPORTER_OTLP_ENDPOINT, else http://127.0.0.1:4318)
  --content MODE    none (default), local (for the server on this machine only) or export: whether prompts,
                    answers and what tools were given and gave back are sent
  --timezone ZONE   whose day --since is (default: this machine's)
  --json            print the summary as JSON

Exit code: 0 done, 1 nothing found or something skipped, 2 wrong use or nothing could be sent, 130 interrupted.
`;

const options = {
  host: { type: "string", default: "auto" },
  since: { type: "string" },
  replace: { type: "boolean", default: false },
  out: { type: "string" },
  endpoint: { type: "string" },
  content: { type: "string", default: "none" },
  timezone: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

interface ImportRequest {
  readonly paths: readonly string[];
  readonly host: CliAgentId | undefined;
  readonly sinceMs: number;
  readonly replace: boolean;
  readonly out: string | undefined;
  readonly endpoint: string | undefined;
  readonly content: ContentMode;
  readonly json: boolean;
}

const wrong = (problem: string): CodedError => wrongUse("import", problem);

function readRequest(args: readonly string[], cli: CliContext): ImportRequest {
  const { values, positionals } = parseOptions("import", args, options);
  const { host, since, replace, out, endpoint, content, timezone, json } = values;
  if (host !== "auto" && !(isCliAgent(host) && agentsWithTranscripts.includes(host))) {
    throw wrong(`--host ${host} is not known: auto, ${agentsWithTranscripts.join(", ")}`);
  }
  if (out !== undefined && endpoint !== undefined) {
    throw wrong("--out and --endpoint exclude each other");
  }
  checkEndpointOption("import", endpoint);
  if (content !== "none" && content !== "local" && content !== "export") {
    throw wrong(`--content ${content} is not known: none, local or export`);
  }
  const calendar = openCalendar(timezone);
  return {
    paths: positionals.map((name) => path.resolve(cli.cwd, name)),
    host: host === "auto" ? undefined : host,
    sinceMs:
      since === undefined ? Number.NEGATIVE_INFINITY : readMoment("--since", since, calendar),
    ...{ replace, out, endpoint, content, json },
  };
}

/** What was imported before; a file is written anew each time. */
async function openLedger(
  { out, endpoint, content }: ImportRequest,
  cli: CliContext,
): Promise<ImportLedger | undefined> {
  const folder = findDataFolder(cli.env);
  if (out !== undefined || folder === undefined) return undefined;
  return ImportLedger.open(folder, `${findEndpoint(endpoint, cli)} content=${content}`);
}

async function runImport(args: readonly string[], cli: CliContext): Promise<number> {
  const request = readRequest(args, cli);
  const found = await findTranscripts({ env: cli.env, paths: request.paths, signal: cli.signal });
  const { host, sinceMs } = request;
  const wanted = found.sessions.filter(({ agent }) => host === undefined || agent.id === host);
  const sessions = await joinSessions(wanted, cli.signal);
  if (sessions.length === 0) {
    cli.stderr.write(nothingText(found.places));
    return 1;
  }
  const ledger = await openLedger(request, cli);
  const isKnown = (session: SessionFiles): boolean =>
    session.modifiedMs < sinceMs || (!request.replace && ledger?.has(session) === true);
  const tally = new RecordTally();
  const target = { ...request, metrics: false, source: "import", serviceName: "turnspan" } as const;
  await using output = await openReplayOutput(target, (record) => tally.add(record), cli);
  const { content } = request;
  const done = await importSessions(sessions, { isKnown, ledger, output, cli, content });
  await output.close();
  const troubles = {
    brokenLines: done.brokenLines,
    unreadable: [...found.unreadable, ...done.unreadable],
    foreign: found.foreign,
  };
  const report = { ...done, tally: tally.read(), troubles };
  cli.stdout.write(request.json ? importJson(report) : importText(report));
  cli.stderr.write(troubleText(troubles));
  return hasTroubles(troubles) ? 1 : 0;
}

export const importCommand: Command = {
  name: "import",
  summary: "turn the transcripts of CLI agents into sessions, turns and cost",
  usage,
  run: runImport,
};
