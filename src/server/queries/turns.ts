import type { TurnQuery } from "../api-queries.ts";
import type { TurnList, TurnState, TurnSummary } from "../api-types.ts";
import { contributionOf } from "../store/contribution.ts";
import { readRun, type StoredRun } from "../store/runs.ts";
import { hex, hexOrNull, orNull, type StoreReader, toMs, toMsOrNull } from "./reader.ts";
import { findSessionRow, readCursor } from "./sessions.ts";

/** A run with the session it is shown in. */
type TurnRow = StoredRun & { readonly shown_in: string };

const SHOWN = `
  select run.*, shown.public_id as shown_in
  from run join session as own on own.id = run.session join session as shown on shown.id = own.root`;

const LIST = `${SHOWN}
  where (:beforeUs is null or (run.start_us, run.id) < (:beforeUs, :beforeId))
    and (:state is null or coalesce(run.outcome, 'running') = :state)
    and (:errorType is null or run.error_type = :errorType)
    and (:agent is null or run.agent = :agent)
    and (:project is null or shown.project = :project)
  order by run.start_us desc, run.id desc limit :limit`;
const OF_SESSION = `${SHOWN}
  where run.session in (select id from session where root = :root)
    and (:beforeUs is null or (run.start_us, run.id) < (:beforeUs, :beforeId))
    and (:state is null or coalesce(run.outcome, 'running') = :state)
    and (:errorType is null or run.error_type = :errorType)
    and (:agent is null or run.agent = :agent)
  order by run.start_us desc, run.id desc limit :limit`;
const COUNT_OF_SESSION =
  "select count(*) as count from run where session in (select id from session where root = :root)";
const BY_ROWS = `${SHOWN} where run.id in (select value from json_each(:rows))`;
const BY_ID = `${SHOWN} where run.public_id = :id`;
const OF_TRACE = `${SHOWN} where run.trace_id = :traceId order by run.start_us`;

/** Lists turns and subagents' runs, the newest first. An unknown session has none. */
export function listTurns(store: StoreReader, query: TurnQuery): TurnList {
  const { session, limit } = query;
  const root = session === undefined ? undefined : findSessionRow(store, session);
  if (session !== undefined && root === undefined) return { turns: [], nextCursor: null };
  const [beforeUs, beforeId] = readCursor(query.cursor);
  const rows = store.spans.all<TurnRow>(root === undefined ? LIST : OF_SESSION, {
    ...{ beforeUs, beforeId, limit, root: root ?? null },
    state: orNull(query.state),
    errorType: orNull(query.errorType),
    agent: orNull(query.agent),
    project: orNull(query.project),
  });
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return {
    turns: rows.map(toTurn),
    nextCursor: last === undefined ? null : `${last.start_us}-${last.id}`,
  };
}

const NO_FILTER = { beforeUs: null, beforeId: null, state: null, errorType: null, agent: null };

/** The last turns of a session, oldest first, and how many came before them. */
export function readTurnsOfSession(
  store: StoreReader,
  root: number,
  limit: number,
): { readonly turns: TurnSummary[]; readonly earlierTurns: number } {
  const rows = store.spans.all<TurnRow>(OF_SESSION, { ...NO_FILTER, root, limit });
  const all = store.spans.get<{ readonly count: number }>(COUNT_OF_SESSION, { root })?.count ?? 0;
  return { turns: rows.map(toTurn).reverse(), earlierTurns: all - rows.length };
}

export const readTurns = (store: StoreReader, rows: readonly number[]): TurnSummary[] =>
  store.spans.all<TurnRow>(BY_ROWS, { rows: JSON.stringify(rows) }).map(toTurn);

export const readTurnsOfTrace = (store: StoreReader, traceId: Buffer): TurnSummary[] =>
  store.spans.all<TurnRow>(OF_TRACE, { traceId }).map(toTurn);

export function findTurn(store: StoreReader, id: string): TurnSummary | undefined {
  const row = store.spans.get<TurnRow>(BY_ID, { id });
  return row === undefined ? undefined : toTurn(row);
}

function toTurn(row: TurnRow): TurnSummary {
  return {
    id: row.public_id,
    kind: row.kind,
    state: stateOf(row),
    sessionId: row.shown_in,
    traceId: hex(row.trace_id),
    spanId: hexOrNull(row.span_id),
    runId: row.run_id === "" ? null : row.run_id,
    parentRunId: row.parent_run_id,
    label: row.label,
    turnIndex: row.turn_index,
    agent: row.agent,
    provider: row.provider,
    model: row.model,
    trigger: row.started_by,
    channel: row.channel,
    errorType: row.error_type,
    errorMessage: row.error_message,
    blockReason: row.block_reason,
    blockHook: row.block_hook,
    stopReason: row.stop_reason,
    attempts: row.attempts,
    startMs: toMs(row.start_us),
    endMs: toMsOrNull(row.end_us),
    durationMs: row.end_us === null ? null : toMs(row.end_us - row.start_us),
    totals: contributionOf(readRun(row), null).totals,
    inputPreview: row.input_preview,
    outputPreview: row.output_preview,
    source: row.source,
  };
}

const states: ReadonlySet<string> = new Set<TurnState>([
  "completed",
  "failed",
  "blocked",
  "cancelled",
  "abandoned",
]);

const isState = (outcome: string): outcome is TurnState => states.has(outcome);

/** An outcome that this version does not know has ended all the same. */
function stateOf({ outcome, end_us }: TurnRow): TurnState {
  if (end_us === null) return "running";
  return outcome !== null && isState(outcome) ? outcome : "completed";
}
