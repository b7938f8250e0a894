import { hash } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { MAX_TIME_NS } from "../otlp/limits.ts";
import type { PointRow } from "../otlp/rows.ts";
import { attributesJson } from "../reading/contents.ts";
import { Fields } from "../reading/fields.ts";
import { serviceOf } from "../reading/span-facts.ts";

const FIND = "select time_ns < :timeNs as isNewer from series where hash = :hash";
const COUNT = "select count(*) as count from series";
const SET = `
  insert into series (hash, service, name, unit, attributes, time_ns, value, count, signal, reason)
  values (:hash, :service, :name, :unit, :attributes, :timeNs, :value, :count, :signal, :reason)
  on conflict do update set time_ns = excluded.time_ns,
    value = excluded.value + :delta * value, count = excluded.count`;

/** Series that are kept; who makes more is not one that the newest value of each would help. */
const MAX_SERIES = 10_000;

const fields = new Fields();

/** The newest point of each series of metrics: no history, for which there is Prometheus. */
export class SeriesTable {
  readonly #find: StatementSync;
  readonly #set: StatementSync;
  #count: number;

  constructor(database: DatabaseSync) {
    this.#find = database.prepare(FIND);
    this.#set = database.prepare(SET);
    this.#count = Number(database.prepare(COUNT).get()?.["count"] ?? 0);
  }

  add(point: PointRow): void {
    if (point.timeNs > MAX_TIME_NS || !Number.isFinite(point.value)) return;
    const attributes = attributesJson(point.attributes);
    const digest = hash(
      "sha256",
      [attributesJson(point.origin.resource), point.name, attributes].join("\0"),
      "buffer",
    );
    const known = this.#find.get({ hash: digest, timeNs: point.timeNs });
    if (known?.["isNewer"] === 0 || (known === undefined && this.#count >= MAX_SERIES)) return;
    if (known === undefined) this.#count += 1;
    fields.read(point.attributes);
    this.#set.run({
      hash: digest,
      service: serviceOf(point.origin.resource),
      name: point.name,
      unit: point.unit,
      attributes,
      timeNs: point.timeNs,
      value: point.value,
      count: point.count ?? null,
      signal: fields.text("signal"),
      reason: fields.text("reason"),
      delta: point.delta ? 1 : 0,
    });
  }
}
