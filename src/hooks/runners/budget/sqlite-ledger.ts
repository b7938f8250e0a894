import path from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { makeOwnFolder } from "../../../base/files.ts";
import type { BudgetUnit } from "../../config/actions.ts";
import {
  type AnnouncedBudget,
  type Bucket,
  type BudgetLedger,
  type BudgetState,
  type BudgetUse,
  type Extra,
  NOTHING_USED,
  type UseChange,
} from "./ledger.ts";
import * as sql from "./ledger-tables.ts";

/** What somebody granted beside a limit, for a time. */
export interface Raise {
  readonly id: string;
  readonly budget: string;
  /** Undefined: everybody who has this budget. */
  readonly owner: string | undefined;
  readonly unit: BudgetUnit;
  /** `usd` in integer nano-dollars. */
  readonly amount: number;
  /** Epoch milliseconds; not any more at `until`. */
  readonly from: number;
  readonly until: number;
  readonly reason: string;
  readonly by: string;
}

/** A bucket that was used, and when last, epoch milliseconds. */
export interface UsedBucket {
  readonly owner: string;
  readonly changedAtMs: number;
}

/** How long another process's change is waited for: it takes microseconds. */
const BUSY_TIMEOUT_MS = 100;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Sessions end; what they used is nobody's business later. */
const KEPT_MS = 90 * DAY_MS;

/** Keeps what was used in a file that all processes of a user share, so that a day's budget is one. */
export class SqliteLedger implements BudgetLedger, Disposable {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Opens the ledger in a data folder, and makes it where there is none. Throws what the system says. */
  static async open(dataFolder: string, now: number): Promise<SqliteLedger> {
    await makeOwnFolder(dataFolder);
    const db = new DatabaseSync(path.join(dataFolder, sql.LEDGER_FILE), {
      timeout: BUSY_TIMEOUT_MS,
    });
    try {
      // What the last moments before a power cut used is not worth a sync for each call.
      db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
      db.exec(sql.CREATE_TABLES);
      const ledger = new SqliteLedger(db);
      ledger.#run(sql.FORGET_BUCKETS, { before: now - KEPT_MS });
      return ledger;
    } catch (error) {
      db.close();
      throw error;
    }
  }

  announce(budget: AnnouncedBudget, time: number): void {
    this.#run(sql.ANNOUNCE, {
      id: budget.id,
      announced: JSON.stringify(budget),
      time: Math.floor(time),
    });
  }

  read(bucket: Bucket, time: number): BudgetState {
    const [use = NOTHING_USED] = this.#all<BudgetUse>(sql.READ_USE, { ...bucket });
    return { use, extra: this.#extra(bucket, time) };
  }

  change(bucket: Bucket, change: UseChange, time: number): BudgetState {
    const { tokens = 0, nanoUsd = 0, turns = 0, consecutiveErrors = 0 } = change;
    const isOver = consecutiveErrors === "none";
    const [use = NOTHING_USED] = this.#all<BudgetUse>(sql.CHANGE_USE, {
      ...bucket,
      ...{ tokens, nanoUsd, turns },
      // Hosts tell times with fractions.
      time: Math.floor(time),
      errors: isOver ? 0 : consecutiveErrors,
      keep: isOver ? 0 : 1,
    });
    return { use, extra: this.#extra(bucket, time) };
  }

  atomically<T>(act: () => T): T {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const result = act();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  /** Every budget that was ever in use here, the latest first. */
  listBudgets(): readonly AnnouncedBudget[] {
    const rows = this.#all<{ readonly announced: string }>(sql.LIST_BUDGETS, {});
    return rows.map(({ announced }) => JSON.parse(announced) as AnnouncedBudget);
  }

  listBuckets(budget: string, most: number): readonly UsedBucket[] {
    return this.#all<UsedBucket>(sql.LIST_BUCKETS, { budget, most });
  }

  addRaises(raises: readonly Raise[]): void {
    this.atomically(() => {
      for (const raise of raises) {
        this.#run(sql.ADD_RAISE, { ...raise, owner: raise.owner ?? null });
      }
    });
  }

  /** Those that are not over. */
  listRaises(budget: string, time: number): readonly Raise[] {
    const rows = this.#all<Raise & { readonly owner: string | null }>(sql.LIST_RAISES, {
      budget,
      time: Math.floor(time),
    });
    return rows.map((row) => ({ ...row, owner: row.owner ?? undefined }));
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    if (this.#db.isOpen) this.#db.close();
  }

  #extra(bucket: Bucket, time: number): Extra {
    const rows = this.#all<{ readonly unit: BudgetUnit; readonly amount: number }>(sql.READ_EXTRA, {
      ...bucket,
      time: Math.floor(time),
    });
    return Object.fromEntries(rows.map(({ unit, amount }) => [unit, amount]));
  }

  #run(statement: string, values: Record<string, SQLInputValue>): void {
    this.#prepare(statement).run(values);
  }

  /** Tables are strict, and rows are what their statement says. */
  #all<Row>(statement: string, values: Record<string, SQLInputValue>): Row[] {
    return this.#prepare(statement).all(values) as Row[];
  }

  #prepare(statement: string): StatementSync {
    const known = this.#statements.get(statement) ?? this.#db.prepare(statement);
    this.#statements.set(statement, known);
    return known;
  }
}
