import { zstdDecompressSync } from "node:zlib";
import type {
  Content,
  SpanDetail,
  SpanKind,
  SpanSummary,
  TraceDetail,
} from "../api-trace-types.ts";
import type { Attribute, AttributeValue } from "../api-types.ts";
import type { StoredKind } from "../reading/kinds.ts";
import { hex, hexOrNull, type StoreReader } from "./reader.ts";
import { parseAttributes, readRecordsOfTrace } from "./records.ts";
import { findSessionRow, readSessions } from "./sessions.ts";
import { readTurnsOfTrace } from "./turns.ts";

interface SpanRow {
  readonly id: number;
  readonly spanId: Uint8Array;
  readonly parentSpanId: Uint8Array | null;
  readonly turnId: string | null;
  readonly isTurn: 0 | 1;
  readonly kind: StoredKind;
  readonly name: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly status: number;
  readonly statusMessage: string | null;
  readonly errorType: string | null;
  readonly agent: string | null;
  readonly provider: string | null;
  readonly subject: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cacheReadTokens: number | null;
  readonly cacheWriteTokens: number | null;
  readonly reasoningTokens: number | null;
  readonly nanoUsd: number | null;
  readonly costSource: string | null;
  readonly counted: 0 | 1;
  readonly events: number;
  readonly inputPreview: string | null;
  readonly outputPreview: string | null;
}

const COLUMNS = `
  span.id, span.span_id as spanId, span.parent_span_id as parentSpanId, run.public_id as turnId,
  coalesce(run.run_id = '' and run.span_id = span.span_id, 0) as isTurn, span.kind, span.name,
  span.start_ns / 1000 / 1000.0 as startMs, (span.end_ns - span.start_ns) / 1e6 as durationMs,
  span.status, span.status_message as statusMessage, span.error_type as errorType, span.agent,
  span.provider, span.subject, span.input_tokens as inputTokens, span.output_tokens as outputTokens,
  span.cache_read_tokens as cacheReadTokens, span.cache_write_tokens as cacheWriteTokens,
  span.reasoning_tokens as reasoningTokens, span.nano_usd as nanoUsd, span.cost_source as costSource,
  span.counted, span.event_count as events, span.input_preview as inputPreview,
  span.output_preview as outputPreview`;
const FROM = "from span left join run on run.id = span.run";

const MAX_SPANS = 50_000;
const OF_TRACE = `
  select ${COLUMNS} ${FROM} where span.trace_id = :traceId
  order by span.start_ns, span.id limit ${MAX_SPANS}`;
const COUNT_OF_TRACE = "select count(*) as count from span where trace_id = :traceId";
const ONE = `select ${COLUMNS} ${FROM} where span.trace_id = :traceId and span.span_id = :spanId`;
const REST = `
  select span.attributes, span.events, span.links, origin.resource, origin.scope_name as scopeName,
    origin.scope_version as scopeVersion
  from span join origin on origin.id = span.origin where span.id = :id`;
const CONTENT = `
  select piece, attribute, packed, body from span_content
  join content on content.id = span_content.content where span = :id order by piece, part`;
const SESSION_OF_SPAN = `
  select session.public_id as id from span join session on session.id = span.session
  where span.trace_id = :traceId limit 1`;

/** A trace with its turns and records; `undefined` where nothing is known of it. */
export function readTrace(store: StoreReader, traceIdHex: string): TraceDetail | undefined {
  const traceId = Buffer.from(traceIdHex, "hex");
  const spans = store.spans.all<SpanRow>(OF_TRACE, { traceId });
  const turns = readTurnsOfTrace(store, traceId);
  const records = readRecordsOfTrace(store, traceId);
  if (spans.length === 0 && turns.length === 0 && records.length === 0) return undefined;
  const sessionId =
    turns[0]?.sessionId ??
    store.spans.get<{ readonly id: string }>(SESSION_OF_SPAN, { traceId })?.id;
  const root = sessionId === undefined ? undefined : findSessionRow(store, sessionId);
  const count = store.spans.get<{ readonly count: number }>(COUNT_OF_TRACE, { traceId })?.count;
  return {
    traceId: traceIdHex,
    session: root === undefined ? null : (readSessions(store, [root])[0] ?? null),
    turns,
    spans: spans.map(toSpan),
    records,
    omittedSpans: Math.max(0, (count ?? 0) - spans.length),
  };
}

/** A span with all that was sent of it. */
export function readSpan(
  store: StoreReader,
  traceIdHex: string,
  spanIdHex: string,
): SpanDetail | undefined {
  const traceId = Buffer.from(traceIdHex, "hex");
  const spanId = Buffer.from(spanIdHex, "hex");
  const row = store.spans.get<SpanRow>(ONE, { traceId, spanId });
  const rest = row && store.spans.get<RestRow>(REST, { id: row.id });
  if (row === undefined || rest === undefined) return undefined;
  return {
    traceId: traceIdHex,
    span: toSpan(row),
    content: readContent(store, row.id),
    attributes: parseAttributes(rest.attributes),
    events: parseList<StoredEvent>(rest.events).map(([name, timeMs, attributes]) => ({
      ...{ name, timeMs },
      attributes: toPairs(attributes),
    })),
    links: parseList<StoredLink>(rest.links).map(([linkedTrace, linkedSpan, attributes]) => ({
      traceId: linkedTrace,
      spanId: linkedSpan,
      attributes: toPairs(attributes),
    })),
    scope: { name: rest.scopeName || null, version: rest.scopeVersion || null },
    resource: parseAttributes(rest.resource),
  };
}

interface RestRow {
  readonly attributes: string;
  readonly events: string | null;
  readonly links: string | null;
  readonly resource: string;
  readonly scopeName: string | null;
  readonly scopeVersion: string | null;
}

type Keyed = Readonly<Record<string, AttributeValue>>;
type StoredEvent = readonly [name: string, timeMs: number, attributes: Keyed];
type StoredLink = readonly [traceId: string, spanId: string, attributes: Keyed];

const parseList = <T>(json: string | null): T[] => (json === null ? [] : (JSON.parse(json) as T[]));
const toPairs = (keyed: Keyed): Attribute[] => Object.entries(keyed);

interface ContentRow {
  readonly piece: number;
  readonly attribute: string;
  readonly packed: 0 | 1;
  readonly body: Uint8Array;
}

function readContent(store: StoreReader, id: number): Content[] {
  const pieces = new Map<number, { readonly attribute: string; readonly parts: string[] }>();
  for (const { piece, attribute, packed, body } of store.spans.all<ContentRow>(CONTENT, { id })) {
    const known = pieces.get(piece) ?? { attribute, parts: [] };
    pieces.set(piece, known);
    known.parts.push((packed === 1 ? zstdDecompressSync(body) : Buffer.from(body)).toString());
  }
  return [...pieces.values()];
}

/** What a kind of others is shown as; an agent that stands for its trace is the turn. */
const shownKinds: Readonly<Record<StoredKind, SpanKind>> = {
  session: "session",
  turn: "turn",
  subagent: "subagent",
  model_call: "model_call",
  tool_call: "tool_call",
  agent: "subagent",
  chain: "other",
  step: "other",
  other: "other",
};

const kindOf = ({ kind, isTurn }: SpanRow): SpanKind =>
  isTurn === 1 && (kind === "agent" || kind === "chain") ? "turn" : shownKinds[kind];

const statuses: readonly SpanSummary["status"][] = ["unset", "ok", "error"];

const toSpan = (row: SpanRow): SpanSummary => ({
  spanId: hex(row.spanId),
  parentSpanId: hexOrNull(row.parentSpanId),
  turnId: row.turnId,
  kind: kindOf(row),
  name: row.name,
  startMs: row.startMs,
  durationMs: row.durationMs,
  status: statuses[row.status] ?? "unset",
  statusMessage: row.statusMessage,
  errorType: row.errorType,
  agent: row.agent,
  provider: row.provider,
  subject: row.subject,
  usage: row.kind === "model_call" ? usageOf(row) : null,
  nanoUsd: row.nanoUsd,
  costSource: row.costSource,
  counted: row.counted === 1,
  events: row.events,
  inputPreview: row.inputPreview,
  outputPreview: row.outputPreview,
});

function usageOf(row: SpanRow): SpanSummary["usage"] {
  if (row.inputTokens === null && row.outputTokens === null) return null;
  return {
    inputTokens: row.inputTokens ?? 0,
    outputTokens: row.outputTokens ?? 0,
    cacheReadTokens: row.cacheReadTokens ?? 0,
    cacheWriteTokens: row.cacheWriteTokens ?? 0,
    reasoningTokens: row.reasoningTokens ?? 0,
  };
}
