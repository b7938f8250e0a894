import { hash } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { LogRow } from "../otlp/rows.ts";
import { attributesJson } from "../reading/contents.ts";
import { bodyText } from "./audit-log.ts";

const ADD = `
  insert into log (hash, event, time_ns, severity, trace_id, span_id, body, attributes, origin)
  values (:hash, :event, :timeNs, :severity, :traceId, :spanId, :body, :attributes, :origin)
  on conflict do nothing`;

/** What other instrumentations log. It has no id, so what is the same in all is the same. */
export class LogTable {
  readonly #add: StatementSync;

  constructor(database: DatabaseSync) {
    this.#add = database.prepare(ADD);
  }

  add(log: LogRow, origin: number): boolean {
    const attributes = attributesJson(log.attributes);
    const body = bodyText(log);
    const traceId = log.traceId ?? null;
    const spanId = log.spanId ?? null;
    const { eventName: event, timeNs, severity } = log;
    const same = [
      origin,
      event,
      timeNs,
      severity,
      body,
      attributes,
      traceId?.toString("hex"),
      spanId?.toString("hex"),
    ];
    const digest = hash("sha256", same.join("\0"), "hex").slice(0, 32);
    const { changes } = this.#add.run({
      ...{
        hash: digest,
        event: event || null,
        timeNs,
        severity,
        traceId,
        spanId,
        body,
        attributes,
      },
      origin,
    });
    return changes === 1;
  }
}
