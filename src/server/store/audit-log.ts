import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { LogRow } from "../otlp/rows.ts";
import { attributesJson } from "../reading/contents.ts";
import { Fields } from "../reading/fields.ts";
import { serviceOf } from "../reading/span-facts.ts";

/** A record as it is read back, to be applied to the spans' store. */
export interface StoredRecord {
  readonly id: number;
  readonly event: string;
  readonly timeUs: number;
  readonly traceId: Uint8Array | null;
  readonly spanId: Uint8Array | null;
  readonly service: string | null;
  readonly attributes: string;
}

const ADD = `
  insert into record (record_id, event, time_ns, severity, session_id, session_key, run_id, trace_id,
    span_id, service, body, attributes)
  values (:recordId, :event, :timeNs, :severity, :sessionId, :sessionKey, :runId, :traceId,
    :spanId, :service, :body, :attributes)
  on conflict do nothing`;
const AFTER = `
  select id, event, time_ns / 1000 as timeUs, trace_id as traceId, span_id as spanId, service, attributes
  from record where id > :id order by id limit 1000`;

const fields = new Fields();

/** The file of lifecycle records. */
export class AuditLog {
  readonly #add: StatementSync;
  readonly #after: StatementSync;

  constructor(database: DatabaseSync) {
    this.#add = database.prepare(ADD);
    this.#after = database.prepare(AFTER);
  }

  /** Takes a record that has an id; false where it is there already. */
  add(log: LogRow, recordId: string): boolean {
    fields.read(log.attributes);
    const { changes } = this.#add.run({
      recordId,
      event: log.eventName,
      timeNs: log.timeNs,
      severity: log.severity,
      sessionId: fields.text("sessionId"),
      sessionKey: fields.text("sessionKey"),
      runId: fields.text("runId"),
      traceId: log.traceId ?? null,
      spanId: log.spanId ?? null,
      service: serviceOf(log.origin.resource),
      body: bodyText(log),
      attributes: attributesJson(log.attributes),
    });
    return changes === 1;
  }

  /** The next records after one, in the order they came. */
  after(id: number): readonly StoredRecord[] {
    return this.#after.all({ id }) as unknown as StoredRecord[];
  }
}

/** The id that a log record of ours carries; null: it is another's. */
export const recordIdOf = (log: LogRow): string | null =>
  fields.read(log.attributes).text("recordId");

/** What was logged, as text. Records of ours have no body. */
export function bodyText({ body }: LogRow): string | null {
  if (body === null) return null;
  return typeof body === "string" ? body : JSON.stringify(body);
}
