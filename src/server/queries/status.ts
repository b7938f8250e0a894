import { METRIC_TELEMETRY_DROPPED } from "../../semconv/metrics.ts";
import type { ServerStatus } from "../api-report-types.ts";
import type { StoreReader } from "./reader.ts";

interface CountRow {
  readonly sessions: number;
  readonly turns: number;
  readonly spans: number;
  readonly oldestUs: number | null;
  readonly bytes: number;
}

const COUNTS = `
  select (select count(*) from session where parent is null) as sessions,
    (select coalesce(sum(turns), 0) from session) as turns,
    (select count(*) from span) as spans,
    (select min(last_us) from session where parent is null) as oldestUs,
    (select page_count * page_size from pragma_page_count, pragma_page_size) as bytes`;
const RECORDS = `
  select count(*) as records,
    (select page_count * page_size from pragma_page_count, pragma_page_size) as bytes from record`;
const DROPS = `
  select service, signal, reason, sum(value) as count from series where name = :name
  group by service, signal, reason having sum(value) > 0`;

type StoredStatus = Pick<ServerStatus, "storedBytes" | "counts" | "oldestMs" | "senderDrops">;

/** What the store holds. */
export function readStoredStatus(store: StoreReader): StoredStatus {
  const counts = store.spans.get<CountRow>(COUNTS);
  const audit = store.audit.get<{ readonly records: number; readonly bytes: number }>(RECORDS);
  const { sessions = 0, turns = 0, spans = 0, oldestUs = null, bytes = 0 } = counts ?? {};
  return {
    storedBytes: bytes + (audit?.bytes ?? 0),
    counts: { sessions, turns, spans, records: audit?.records ?? 0 },
    oldestMs: oldestUs === null ? null : oldestUs / 1000,
    senderDrops: store.spans.all<ServerStatus["senderDrops"][number]>(DROPS, {
      name: METRIC_TELEMETRY_DROPPED,
    }),
  };
}
