import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { openForReading } from "../store/database.ts";
import { auditFile, spansFile } from "../store/store.ts";

type Parameters = Readonly<Record<string, SQLInputValue>>;

/** One of the store's files, open for reading; statements are prepared once. */
class Reader implements Disposable {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string) {
    this.#database = openForReading(path);
  }

  /** All rows; the type is what the statement's columns are. */
  all<Row>(sql: string, parameters: Parameters = {}): Row[] {
    return this.#prepare(sql).all(parameters) as Row[];
  }

  get<Row>(sql: string, parameters: Parameters = {}): Row | undefined {
    return this.#prepare(sql).get(parameters) as Row | undefined;
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    statement.setAllowUnknownNamedParameters(true);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** The store as the queries see it. */
export interface StoreReader extends Disposable {
  readonly spans: Reader;
  readonly audit: Reader;
}

export function openReader(folder: string): StoreReader {
  const spans = new Reader(spansFile(folder));
  const audit = new Reader(auditFile(folder));
  return {
    spans,
    audit,
    [Symbol.dispose]: () => {
      spans[Symbol.dispose]();
      audit[Symbol.dispose]();
    },
  };
}

/** Microseconds of the store as the milliseconds of the API. */
export const toMs = (us: number): number => us / 1000;
export const toMsOrNull = (us: number | null): number | null => (us === null ? null : us / 1000);

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const hexOrNull = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : hex(bytes);

/** A parameter that is not given matches everything. */
export const orNull = <T>(value: T | undefined): T | null => value ?? null;
