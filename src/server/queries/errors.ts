import type { ErrorQuery } from "../api-queries.ts";
import type { ErrorGroup, ErrorReport } from "../api-report-types.ts";
import type { StoredKind } from "../reading/kinds.ts";
import { BUCKET_US } from "../store/schema.ts";
import { bucketsOf, readRange } from "./cost.ts";
import { listDays } from "./days.ts";
import { hex, hexOrNull, orNull, type StoreReader } from "./reader.ts";

interface ErrorRow {
  readonly kind: StoredKind;
  readonly errorType: string | null;
  readonly subject: string | null;
  readonly agent: string | null;
  readonly count: number;
  readonly firstUs: number;
  readonly lastUs: number;
  readonly lastMessage: string | null;
  readonly lastTraceId: Uint8Array;
  readonly lastSpanId: Uint8Array | null;
  readonly lastTurnId: string | null;
}

/** SQLite takes the other columns from the row that has the maximum. */
const FAILED_RUNS = `
  select run.kind, run.error_type as errorType, null as subject, run.agent, count(*) as count,
    min(run.start_us) as firstUs, max(run.start_us) as lastUs, run.error_message as lastMessage,
    run.trace_id as lastTraceId, run.span_id as lastSpanId, run.public_id as lastTurnId
  from run join session as own on own.id = run.session join session as shown on shown.id = own.root
  where run.outcome in ('failed', 'abandoned') and run.start_us >= :fromUs and run.start_us < :toUs
    and (:agent is null or run.agent = :agent) and (:project is null or shown.project = :project)
  group by run.kind, run.error_type, run.agent`;
/** Of calls and of what else is an agent's: runs are told of above. */
const FAILED_SPANS = `
  select span.kind, span.error_type as errorType, span.subject, span.agent, count(*) as count,
    min(span.start_ns) / 1000 as firstUs, max(span.start_ns) / 1000 as lastUs,
    span.status_message as lastMessage, span.trace_id as lastTraceId, span.span_id as lastSpanId,
    run.public_id as lastTurnId
  from span indexed by span_failed left join run on run.id = span.run
  where span.status = 2 and span.kind <> 'session' and span.start_ns >= :fromUs * 1000
    and span.start_ns < :toUs * 1000 and span.kind in ('model_call', 'tool_call', 'step', 'other')
    and (:agent is null or span.agent = :agent) and (:project is null or span.project = :project)
  group by span.kind, span.error_type, span.subject, span.agent`;
const TURNS = `
  select bucket, sum(turns) as turns,
    sum(case when outcome in ('failed', 'abandoned') then turns else 0 end) as failedTurns
  from turn_roll where bucket >= :fromBucket and bucket < :toBucket
    and (:agent is null or agent = :agent) and (:project is null or project = :project)
  group by bucket`;

const MAX_GROUPS = 200;

/** Failures by type, and how many turns failed each day. */
export function reportErrors(store: StoreReader, query: ErrorQuery, nowMs: number): ErrorReport {
  const { fromMs, toMs } = readRange(query, nowMs);
  const filter = {
    ...bucketsOf(fromMs, toMs),
    fromUs: Math.round(fromMs * 1000),
    toUs: Math.round(toMs * 1000),
    project: orNull(query.project),
    agent: orNull(query.agent),
  };
  const rows = [
    ...store.spans.all<ErrorRow>(FAILED_RUNS, filter),
    ...store.spans.all<ErrorRow>(FAILED_SPANS, filter),
  ];
  return {
    ...{ fromMs, toMs, timeZone: query.tz },
    groups: rows
      .map(toGroup)
      .sort((one, other) => other.count - one.count || other.lastMs - one.lastMs)
      .slice(0, MAX_GROUPS),
    days: countDays(store.spans.all<TurnRow>(TURNS, filter), listDays(fromMs, toMs, query.tz)),
  };
}

const kinds: Partial<Record<StoredKind, ErrorGroup["kind"]>> = {
  turn: "turn",
  subagent: "subagent",
  model_call: "model_call",
  tool_call: "tool_call",
};

const toGroup = (row: ErrorRow): ErrorGroup => ({
  kind: kinds[row.kind] ?? "other",
  errorType: row.errorType,
  subject: row.subject,
  agent: row.agent,
  count: row.count,
  firstMs: row.firstUs / 1000,
  lastMs: row.lastUs / 1000,
  lastMessage: row.lastMessage,
  lastTraceId: hex(row.lastTraceId),
  lastSpanId: hexOrNull(row.lastSpanId),
  lastTurnId: row.lastTurnId,
});

interface TurnRow {
  readonly bucket: number;
  readonly turns: number;
  readonly failedTurns: number;
}

function countDays(
  rows: readonly TurnRow[],
  days: ReturnType<typeof listDays>,
): ErrorReport["days"] {
  const counts = days.map(({ name, startMs }) => ({
    ...{ day: name, dayStartMs: startMs },
    turns: 0,
    failedTurns: 0,
  }));
  for (const { bucket, turns, failedTurns } of rows) {
    const timeMs = (bucket * BUCKET_US) / 1000;
    const count = counts.findLast(({ dayStartMs }) => dayStartMs <= timeMs) ?? counts[0];
    if (count === undefined) continue;
    count.turns += turns;
    count.failedTurns += failedTurns;
  }
  return counts;
}
