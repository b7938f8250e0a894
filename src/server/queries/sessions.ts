import type { SessionQuery } from "../api-queries.ts";
import type { SessionList, SessionState, SessionSummary } from "../api-types.ts";
import { totalColumnNames, totalsOf } from "../store/total-columns.ts";
import { orNull, type StoreReader, toMs } from "./reader.ts";

/** A session with the sums over all that it spawned. */
interface SessionTreeRow {
  readonly id: number;
  readonly public_id: string;
  readonly session_id: string | null;
  readonly session_key: string | null;
  readonly agent: string | null;
  readonly model: string | null;
  readonly project: string | null;
  readonly repository: string | null;
  readonly branch: string | null;
  readonly user_id: string | null;
  readonly host: string | null;
  readonly service: string | null;
  readonly source: string | null;
  readonly title: string | null;
  readonly label: string | null;
  readonly first_us: number;
  readonly last_us: number;
  readonly opened_us: number | null;
  readonly opened_generation: number | null;
  readonly closed_us: number | null;
  readonly closed_generation: number | null;
  readonly end_reason: string | null;
  readonly waits_for: string | null;
  readonly waits_us: number | null;
  readonly turns: number;
  readonly failed_turns: number;
  readonly running_turns: number;
  readonly subagents: number;
}

const sums = ["turns", "failed_turns", "running_turns", "subagents", ...totalColumnNames]
  .map((name) => `sum(part.${name}) as ${name}`)
  .join(", ");

/** The columns of a page of sessions, with sums over each one's line. */
const withSums = (page: string): string => `
  with page as (${page})
  select page.id, page.public_id, page.session_id, page.session_key, page.agent, page.model,
    page.project, page.repository, page.branch, page.user_id, page.host, page.service, page.source,
    page.title, page.label, page.first_us, page.last_us, page.opened_us, page.opened_generation,
    page.closed_us, page.closed_generation, page.end_reason,
    page.waits_for, page.waits_us, ${sums}
  from page join session as part on part.root = page.id
  group by page.id
  order by page.last_us desc, page.id desc`;

/** Whether the last thing that was told of a session is that it opened. */
const IS_OPEN = `opened_us is not null and (closed_us is null or opened_us > closed_us
  or (opened_us = closed_us and coalesce(opened_generation, 0) > coalesce(closed_generation, 0)))`;
const IS_RUNNING = `exists (select 1 from session as part
  where part.root = session.id and part.running_turns > 0)`;

const LIST = withSums(`
  select * from session
  where parent is null
    and (:beforeUs is null or (last_us, id) < (:beforeUs, :beforeId))
    and (:project is null or project = :project)
    and (:agent is null or agent = :agent)
    and (:q is null or instr(lower(coalesce(label, title, '')), :q) > 0
      or instr(lower(coalesce(session_key, '')), :q) > 0 or session_id like :q || '%'
      or public_id like :q || '%')
    and (:state is null or :state = case
      when waits_for is not null then 'waiting'
      when ${IS_RUNNING} then 'running'
      when opened_us is null and closed_us is null then 'untracked'
      when ${IS_OPEN} then 'waiting' else 'ended' end)
  order by last_us desc, id desc limit :limit`);

const BY_NAME = `
  select root from session where public_id = :name or session_id = :name or session_key = :name
  order by public_id = :name desc, last_us desc limit 1`;
const BY_ROWS = withSums(`select * from session where id in (select value from json_each(:rows))`);

/** Lists sessions, the one last heard of first. */
export function listSessions(store: StoreReader, query: SessionQuery): SessionList {
  const [beforeUs, beforeId] = readCursor(query.cursor);
  const rows = store.spans.all<SessionTreeRow>(LIST, {
    ...{ beforeUs, beforeId, limit: query.limit },
    project: orNull(query.project),
    agent: orNull(query.agent),
    q: query.q === undefined ? null : query.q.toLowerCase(),
    state: orNull(query.state),
  });
  const last = rows.length === query.limit ? rows.at(-1) : undefined;
  return {
    sessions: rows.map(toSession),
    nextCursor: last === undefined ? null : `${last.last_us}-${last.id}`,
  };
}

/** Finds the session that is shown for a name: its id here, its host's id, or its key. */
export function findSessionRow(store: StoreReader, name: string): number | undefined {
  return store.spans.get<{ readonly root: number }>(BY_NAME, { name })?.root;
}

/** The sessions of some rows; rows that are none, or are parts of another, are left out. */
export function readSessions(store: StoreReader, rows: readonly number[]): SessionSummary[] {
  return store.spans.all<SessionTreeRow>(BY_ROWS, { rows: JSON.stringify(rows) }).map(toSession);
}

/** Reads `<number>-<row>`; what is no cursor begins at the beginning. */
export function readCursor(cursor: string | undefined): [number | null, number | null] {
  const match = /^(\d{1,16})-(\d{1,16})$/.exec(cursor ?? "");
  return match === null ? [null, null] : [Number(match[1]), Number(match[2])];
}

function toSession(row: SessionTreeRow): SessionSummary {
  const state = stateOf(row);
  return {
    id: row.public_id,
    sessionId: row.session_id,
    sessionKey: row.session_key,
    title: row.label ?? row.title,
    state,
    endReason: state === "ended" ? row.end_reason : null,
    waitsFor: row.waits_for,
    waitsSinceMs: row.waits_for === null || row.waits_us === null ? null : toMs(row.waits_us),
    agent: row.agent,
    model: row.model,
    project: row.project,
    repository: row.repository,
    branch: row.branch,
    userId: row.user_id,
    host: row.host,
    service: row.service,
    source: row.source,
    openedMs: toMs(row.first_us),
    lastSeenMs: toMs(row.last_us),
    turns: row.turns,
    failedTurns: row.failed_turns,
    runningTurns: row.running_turns,
    subagents: row.subagents,
    totals: totalsOf(row),
  };
}

function stateOf(row: SessionTreeRow): SessionState {
  if (row.waits_for !== null) return "waiting";
  if (row.running_turns > 0) return "running";
  const { opened_us: opened, closed_us: closed } = row;
  if (opened === null && closed === null) return "untracked";
  if (opened === null) return "ended";
  if (closed === null || opened > closed) return "waiting";
  const isReopened =
    opened === closed && (row.opened_generation ?? 0) > (row.closed_generation ?? 0);
  return isReopened ? "waiting" : "ended";
}
