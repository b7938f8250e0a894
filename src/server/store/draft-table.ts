import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

/** Rows that are kept in memory between two transactions. */
const MAX_KEPT = 4096;

export interface Draft {
  id: number;
}

/** A column, and what a row has in it. */
export type Column<Row> = readonly [name: string, read: (row: Row) => SQLInputValue];

type PlainNames<Row> = {
  [K in keyof Row & string]: Row[K] extends SQLInputValue ? K : never;
}[keyof Row & string];

/** Columns that are called as the row's own fields are. */
export const plainColumns = <Row extends Draft>(names: readonly PlainNames<Row>[]): Column<Row>[] =>
  names.map((name) => [name, (row) => row[name] as SQLInputValue]);

/**
 * Rows that are read once, changed in memory and written once a transaction: a batch touches the same few
 * sessions and turns a hundred times.
 */
export class DraftTable<Row extends Draft> {
  readonly #readers: readonly ((row: Row) => SQLInputValue)[];
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #delete: StatementSync;
  readonly #kept = new Map<number, Row>();
  readonly #changed = new Set<Row>();
  /** Rows that are not in the table yet. */
  readonly #fresh = new Set<Row>();
  #lastId: number;

  constructor(database: DatabaseSync, table: string, columns: readonly Column<Row>[]) {
    const names = columns.map(([name]) => name);
    this.#readers = columns.map(([, read]) => read);
    this.#insert = database.prepare(
      `insert into ${table} (${names.join(", ")}, id) values (${names.map(() => "?").join(", ")}, ?)`,
    );
    this.#update = database.prepare(
      `update ${table} set ${names.map((name) => `${name} = ?`).join(", ")} where id = ?`,
    );
    this.#delete = database.prepare(`delete from ${table} where id = ?`);
    // There is no other writer: ids can be given out before rows are written, each once.
    this.#lastId = Number(
      database.prepare(`select max(id) as id from ${table}`).get()?.["id"] ?? 0,
    );
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

  /** Takes a new row and gives it its id. It is written with the others. */
  insert(row: Row): Row {
    this.#lastId += 1;
    row.id = this.#lastId;
    this.#kept.set(row.id, row);
    this.#fresh.add(row);
    this.#changed.add(row);
    return row;
  }

  /** Rows that statements do not find yet. */
  get fresh(): ReadonlySet<Row> {
    return this.#fresh;
  }

  change(row: Row): void {
    this.#changed.add(row);
  }

  delete(row: Row): void {
    if (!this.#fresh.delete(row)) this.#delete.run(row.id);
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
    for (const row of changed) {
      const statement = this.#fresh.has(row) ? this.#insert : this.#update;
      statement.run(...this.#valuesOf(row), row.id);
    }
    this.#changed.clear();
    this.#fresh.clear();
    return changed;
  }

  get isOverfull(): boolean {
    return this.#kept.size > MAX_KEPT;
  }

  /** After a rollback what is in memory is not in the table; after a commit it may be forgotten. */
  clear(): void {
    this.#kept.clear();
    this.#changed.clear();
    this.#fresh.clear();
  }

  #valuesOf(row: Row): SQLInputValue[] {
    return this.#readers.map((read) => read(row));
  }
}
