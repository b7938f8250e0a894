import { CodedError } from "../../base/errors.ts";
import type { SpanSummary, TraceDetail } from "../../server/api-trace-types.ts";
import type { TurnSummary } from "../../server/api-types.ts";
import { formatCost, formatDuration, formatTime } from "../amounts.ts";
import { type Command, parseOptions } from "../command.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../output.ts";
import {
  askServer,
  type ServerChoice,
  serverOptions,
  serverOptionsHelp,
} from "../server-client.ts";
import { formatTable, type TableColumn } from "../table.ts";

const usage = `Usage: turnspan trace TURN|TRACE [--json]

Shows a trace as a tree: what ran, for how long, what it cost and why it failed.
TURN is an id of turnspan turns, TRACE a trace id of 32 hex digits.

${serverOptionsHelp}`;

/** A span with how deep it stands in the tree. */
interface TreeRow {
  readonly span: SpanSummary;
  readonly depth: number;
  readonly afterMs: number;
}

const columns: readonly TableColumn<TreeRow>[] = [
  { head: "AFTER", read: ({ afterMs }) => formatDuration(afterMs), align: "right" },
  { head: "TOOK", read: ({ span }) => formatDuration(span.durationMs), align: "right" },
  { head: "SPAN", read: ({ span, depth }) => `${"· ".repeat(depth)}${span.name}`, width: 48 },
  { head: "COST", read: ({ span }) => costOf(span), align: "right" },
  { head: "WHAT", read: ({ span }) => whatOf(span), width: "rest" },
];

function costOf({ kind, nanoUsd, counted }: SpanSummary): string {
  if (kind !== "model_call") return "";
  if (!counted) return "(told twice)";
  return nanoUsd === null ? "unknown" : formatCost(nanoUsd);
}

function whatOf({
  status,
  statusMessage,
  errorType,
  inputPreview,
  outputPreview,
}: SpanSummary): string {
  if (status === "error") return `failed: ${statusMessage ?? errorType ?? "no reason given"}`;
  return outputPreview ?? inputPreview ?? "";
}

/** Children after their parents, in order of their start; a span whose parent is missing is a root. */
function layOut(spans: readonly SpanSummary[]): TreeRow[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const children = Map.groupBy(spans, ({ parentSpanId }) =>
    parentSpanId !== null && ids.has(parentSpanId) ? parentSpanId : "",
  );
  const begin = Math.min(...spans.map(({ startMs }) => startMs));
  const rows: TreeRow[] = [];
  // A list of its own rather than recursion: a chain of spans may be longer than the stack.
  const open = (children.get("") ?? []).toReversed().map((span) => ({ span, depth: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { span, depth } = next;
    rows.push({ span, depth, afterMs: span.startMs - begin });
    const below = children.get(span.spanId) ?? [];
    open.push(...below.toReversed().map((child) => ({ span: child, depth: depth + 1 })));
  }
  return rows;
}

async function findTraceId(name: string, choice: ServerChoice, cli: CliContext): Promise<string> {
  if (/^[0-9a-f]{32}$/.test(name)) return name;
  const path = `/api/turns/${encodeURIComponent(name)}`;
  return (await askServer<TurnSummary>(path, {}, choice, cli)).traceId;
}

function describe({ traceId, session, turns, spans, omittedSpans }: TraceDetail): string {
  const head = turns.map(
    (turn) =>
      `${turn.kind} ${turn.id} ${turn.state}, ${formatTime(turn.startMs)}, ${formatDuration(turn.durationMs)}`,
  );
  const where = session === null ? "" : ` in session ${session.id} ${session.title ?? ""}`;
  const more = omittedSpans === 0 ? "" : `${omittedSpans} more spans are not shown\n`;
  const lines = [`trace ${traceId}${where}`, ...head].map(printable);
  return `${lines.join("\n")}\n${spans.length === 0 ? "" : "\n"}${more}`;
}

/** `turnspan trace`: shows one trace. */
export const traceCommand: Command = {
  name: "trace",
  summary: "show one turn's trace as a tree",
  usage,
  async run(args, cli) {
    const { values, positionals } = parseOptions("trace", args, serverOptions);
    const [name] = positionals;
    if (name === undefined || positionals.length > 1) {
      throw new CodedError("USAGE", "one TURN or TRACE is needed; see turnspan trace --help");
    }
    const traceId = await findTraceId(name, values, cli);
    const trace = await askServer<TraceDetail>(`/api/traces/${traceId}`, {}, values, cli);
    if (values.json) cli.stdout.write(`${JSON.stringify(trace)}\n`);
    else {
      cli.stdout.write(describe(trace));
      if (trace.spans.length > 0) {
        cli.stdout.write(formatTable(layOut(trace.spans), columns, cli.stdout.columns));
      }
    }
    return 0;
  },
};
