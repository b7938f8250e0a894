import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { LogRow, PointRow, SpanRow } from "../otlp/rows.ts";
import { AuditLog, recordIdOf } from "./audit-log.ts";
import { CallCounts } from "./call-counts.ts";
import { inTransaction, openDatabase } from "./database.ts";
import { LogTable } from "./log-table.ts";
import { type Changes, type Price, StoreParts } from "./parts.ts";
import { applyRecord } from "./record-ingest.ts";
import { Retention, type RetentionLimits } from "./retention.ts";
import { auditMigrations, spansMigrations } from "./schema.ts";
import { SeriesTable } from "./series-table.ts";
import { SpanIngest } from "./span-ingest.ts";

/** What is written together. */
export interface StoreBatch {
  readonly spans: readonly SpanRow[];
  readonly logs: readonly LogRow[];
  readonly points: readonly PointRow[];
}

export interface StoreOptions {
  readonly folder: string;
  readonly limits: RetentionLimits;
  /** Bytes the spans' file may have at all; retention keeps it below. Default: no bound. */
  readonly hardMaxBytes?: number | undefined;
}

export const spansFile = (folder: string): string => join(folder, "spans.db");
export const auditFile = (folder: string): string => join(folder, "audit.db");

const APPLIED = "select record from applied where id = 1";
const SET_APPLIED = "update applied set record = :record where id = 1";

/** The store as its one writer sees it. All of it is synchronous: it has a thread of its own. */
export class Store implements Disposable {
  readonly retention: Retention;
  readonly #spans: DatabaseSync;
  readonly #audit: DatabaseSync;
  readonly #parts: StoreParts;
  readonly #counts: CallCounts;
  readonly #spanIngest: SpanIngest;
  readonly #auditLog: AuditLog;
  readonly #logs: LogTable;
  readonly #series: SeriesTable;
  readonly #applied: StatementSync;
  readonly #setApplied: StatementSync;

  /** Throws STORE_NEWER and STORE_BROKEN. */
  constructor({ folder, limits, hardMaxBytes }: StoreOptions) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#spans = openDatabase(spansFile(folder), {
      migrations: spansMigrations,
      durability: "normal",
      maxBytes: hardMaxBytes,
    });
    this.#audit = openDatabase(auditFile(folder), {
      migrations: auditMigrations,
      durability: "full",
    });
    this.#parts = new StoreParts(this.#spans);
    this.#counts = new CallCounts(this.#spans, this.#parts);
    this.#spanIngest = new SpanIngest(this.#spans, this.#parts, this.#counts);
    this.#auditLog = new AuditLog(this.#audit);
    this.#logs = new LogTable(this.#spans);
    this.#series = new SeriesTable(this.#spans);
    this.#applied = this.#spans.prepare(APPLIED);
    this.#setApplied = this.#spans.prepare(SET_APPLIED);
    this.retention = new Retention(this.#spans, limits);
    this.write({ spans: [], logs: [], points: [] }, undefined);
  }

  /**
   * Writes a batch; when it returns, all of it is in the files. Records first: those that the spans' file does
   * not know of yet, after a crash or a full disk, are applied with the next batch.
   */
  write(batch: StoreBatch, price: Price | undefined): Changes {
    const records = batch.logs.flatMap((log) => {
      const recordId = recordIdOf(log);
      return recordId === null ? [] : [{ log, recordId }];
    });
    if (records.length > 0) {
      inTransaction(this.#audit, () => {
        for (const { log, recordId } of records) this.#auditLog.add(log, recordId);
      });
    }
    try {
      return inTransaction(this.#spans, () => this.#writeSpans(batch, price));
    } catch (error) {
      this.#parts.clear();
      throw error;
    } finally {
      this.#parts.trim();
    }
  }

  /** Removes one slice of what is too old or too much; false where there is nothing to remove. */
  prune(nowMs: number): boolean {
    const removed = inTransaction(this.#spans, () => this.retention.removeSlice(nowMs));
    // Rows in memory may be among those that are gone.
    if (removed) this.#parts.clear();
    return removed || this.retention.giveBackSpace();
  }

  /** Writes without a change: throws where the disk is still full. */
  probe(): void {
    inTransaction(this.#spans, () => this.#setApplied.run({ record: this.#lastApplied() }));
  }

  [Symbol.dispose](): void {
    for (const database of [this.#spans, this.#audit]) {
      if (!database.isOpen) continue;
      database.exec("pragma optimize");
      database.close();
    }
  }

  #writeSpans({ spans, logs, points }: StoreBatch, price: Price | undefined): Changes {
    this.#applyRecords();
    for (const span of spans) this.#spanIngest.add(span, price);
    for (const log of logs) {
      if (recordIdOf(log) === null) this.#logs.add(log, this.#parts.origins.idOf(log.origin));
    }
    for (const point of points) this.#series.add(point);
    return this.#parts.flush();
  }

  #lastApplied(): number {
    return Number(this.#applied.get()?.["record"] ?? 0);
  }

  #applyRecords(): void {
    const before = this.#lastApplied();
    let last = before;
    for (;;) {
      const records = this.#auditLog.after(last);
      for (const record of records) applyRecord(record, this.#parts, this.#counts);
      last = records.at(-1)?.id ?? last;
      if (records.length === 0) break;
    }
    if (last !== before) this.#setApplied.run({ record: last });
  }
}
