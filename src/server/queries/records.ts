import type { RecordQuery } from "../api-queries.ts";
import type { Attribute, AttributeValue, LogRecord, RecordList } from "../api-types.ts";
import { hexOrNull, orNull, type StoreReader } from "./reader.ts";
import { findSessionRow, readCursor } from "./sessions.ts";

interface RecordRow {
  readonly row: number;
  readonly id: string;
  readonly event: string | null;
  readonly timeUs: number;
  readonly severity: number;
  readonly traceId: Uint8Array | null;
  readonly spanId: Uint8Array | null;
  readonly runId: string | null;
  readonly body: string | null;
  readonly attributes: string;
}

const COLUMNS = `id as row, record_id as id, event, time_ns / 1000 as timeUs, severity,
  trace_id as traceId, span_id as spanId, run_id as runId, body, attributes`;
/** From the row of a cursor on, in the order of the list: of one microsecond by nanoseconds, which a cursor has not. */
const ON_FROM_CURSOR = `(:beforeUs is null or (time_ns, id) <
      (coalesce((select time_ns from record where id = :beforeRow), :beforeUs * 1000), :beforeRow))`;
const LIST = `
  select ${COLUMNS} from record
  where (:event is null or event = :event)
    and (:fromUs is null or time_ns >= :fromUs * 1000) and (:toUs is null or time_ns < :toUs * 1000)
    and ${ON_FROM_CURSOR}
  order by time_ns desc, id desc limit :limit`;
/** By the names of the sessions: the two stores are separate files. */
const OF_SESSION = `
  select ${COLUMNS} from record
  where (session_id in (select value from json_each(:ids))
      or session_key in (select value from json_each(:keys)))
    and (:event is null or event = :event)
    and (:fromUs is null or time_ns >= :fromUs * 1000) and (:toUs is null or time_ns < :toUs * 1000)
    and ${ON_FROM_CURSOR}
  order by time_ns desc, id desc limit :limit`;
const OF_TRACE = `
  select ${COLUMNS} from record where trace_id = :traceId order by time_ns, id limit 5000`;
const LOGS_OF_TRACE = `
  select id as row, hash as id, event, time_ns / 1000 as timeUs, severity, trace_id as traceId,
    span_id as spanId, null as runId, body, attributes
  from log where trace_id = :traceId order by time_ns, id limit 5000`;
const NAMES = `
  select session_id as id, case when session_id is null then session_key end as loneKey,
    case when parent is not null then session_key end as childKey
  from session where root = :root`;

/** Names of a session and of all that it spawned. */
interface SessionNames {
  readonly ids: readonly string[];
  /** Keys of those without an id, and of subagents: their spawning is told before they have one. */
  readonly keys: readonly string[];
}

function readNames(store: StoreReader, root: number): SessionNames {
  const rows = store.spans.all<Readonly<Record<"id" | "loneKey" | "childKey", string | null>>>(
    NAMES,
    { root },
  );
  const isName = (name: string | null): name is string => name !== null;
  return {
    ids: rows.map(({ id }) => id).filter(isName),
    keys: rows.flatMap(({ loneKey, childKey }) => [loneKey, childKey]).filter(isName),
  };
}

/** Lists records, the newest first. */
export function listRecords(store: StoreReader, query: RecordQuery): RecordList {
  const { session, limit } = query;
  const root = session === undefined ? undefined : findSessionRow(store, session);
  if (session !== undefined && root === undefined) return { records: [], nextCursor: null };
  const [beforeUs, beforeRow] = readCursor(query.cursor);
  const rows = readRows(store, root, {
    ...{ beforeUs, beforeRow, limit },
    event: orNull(query.event),
    fromUs: query.from === undefined ? null : Math.round(query.from * 1000),
    toUs: query.to === undefined ? null : Math.round(query.to * 1000),
  });
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return {
    records: rows.map(toRecord),
    nextCursor: last === undefined ? null : `${last.timeUs}-${last.row}`,
  };
}

function readRows(
  store: StoreReader,
  root: number | undefined,
  filter: Readonly<Record<string, string | number | null>>,
): RecordRow[] {
  if (root === undefined) return store.audit.all<RecordRow>(LIST, filter);
  const { ids, keys } = readNames(store, root);
  const names = { ids: JSON.stringify(ids), keys: JSON.stringify(keys) };
  return store.audit.all<RecordRow>(OF_SESSION, { ...filter, ...names });
}

const NO_FILTER = { beforeUs: null, beforeRow: null, event: null, fromUs: null, toUs: null };
const MAX_OF_SESSION = 20_000;

/** All records of a session and of what it spawned, oldest first. */
export const readRecordsOfSession = (store: StoreReader, root: number): LogRecord[] =>
  readRows(store, root, { ...NO_FILTER, limit: MAX_OF_SESSION })
    .map(toRecord)
    .reverse();

/** Records and other logs of a trace, in order of their time. */
export function readRecordsOfTrace(store: StoreReader, traceId: Buffer): LogRecord[] {
  const records = store.audit.all<RecordRow>(OF_TRACE, { traceId });
  const logs = store.spans.all<RecordRow>(LOGS_OF_TRACE, { traceId });
  return [...records, ...logs]
    .sort((one, other) => one.timeUs - other.timeUs || one.row - other.row)
    .map(toRecord);
}

/** Attributes as pairs: `JSON.parse` makes own properties of all names, and nothing is merged. */
export function parseAttributes(json: string): Attribute[] {
  return Object.entries(JSON.parse(json) as Readonly<Record<string, AttributeValue>>);
}

const toRecord = (row: RecordRow): LogRecord => ({
  id: row.id,
  event: row.event,
  timeMs: row.timeUs / 1000,
  severity: row.severity,
  traceId: hexOrNull(row.traceId),
  spanId: hexOrNull(row.spanId),
  runId: row.runId,
  body: row.body,
  attributes: parseAttributes(row.attributes),
});
