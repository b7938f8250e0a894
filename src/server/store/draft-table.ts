import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

/** Rows that are kept in memory between two transactions. */
const MAX_KEPT = 4096;

export interface Draft {
  id: number;
}

/**
 * Rows that are read once, changed in memory and written once a transaction: a batch touches the same few
 * sessions and turns a hundred times.
 */
export class DraftTable<Row extends Draft> {
  readonly #columns: readonly (keyof Row & string)[];
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #delete: StatementSync;
  readonly #kept = new Map<number, Row>();
  readonly #changed = new Set<Row>();

  constructor(database: DatabaseSync, table: string, columns: readonly (keyof Row & string)[]) {
    this.#columns = columns;
    this.#insert = database.prepare(
      `insert into ${table} (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")})`,
    );
    this.#update = database.prepare(
      `update ${table} set ${columns.map((column) => `${column} = ?`).join(", ")} where id = ?`,
    );
    this.#delete = database.prepare(`delete from ${table} where id = ?`);
  }

  get(id: number): Row | undefined {
    return this.#kept.get(id);
  }

  /** All rows in memory. */
  kept(): Iterable<Row> {
    return this.#kept.values();
  }

  /** Takes a row that was read from the table; what is in memory already is newer. */
  keep(row: Row): Row {
    const known = this.#kept.get(row.id);
    if (known !== undefined) return known;
    this.#kept.set(row.id, row);
    return row;
  }

  /** Writes a new row; it has its id then. */
  insert(row: Row): Row {
    row.id = Number(this.#insert.run(...this.#valuesOf(row)).lastInsertRowid);
    this.#kept.set(row.id, row);
    return row;
  }

  change(row: Row): void {
    this.#changed.add(row);
  }

  delete(row: Row): void {
    this.#delete.run(row.id);
    this.#kept.delete(row.id);
    this.#changed.delete(row);
  }

  /** Rows that were changed and are not written yet. */
  get changed(): ReadonlySet<Row> {
    return this.#changed;
  }

  /** Writes what was changed; returns those rows. */
  flush(): Row[] {
    const changed = [...this.#changed];
    for (const row of changed) this.#update.run(...this.#valuesOf(row), row.id);
    this.#changed.clear();
    return changed;
  }

  get isOverfull(): boolean {
    return this.#kept.size > MAX_KEPT;
  }

  /** After a rollback what is in memory is not in the table; after a commit it may be forgotten. */
  clear(): void {
    this.#kept.clear();
    this.#changed.clear();
  }

  #valuesOf(row: Row): SQLInputValue[] {
    return this.#columns.map((column) => row[column] as SQLInputValue);
  }
}
