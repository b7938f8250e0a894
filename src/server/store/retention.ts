import type { DatabaseSync, StatementSync } from "node:sqlite";
import { BUCKET_US } from "./schema.ts";

export interface RetentionLimits {
  /** Sessions that were last heard of longer ago go. */
  readonly maxAgeMs: number;
  /** Bytes of the spans' file; past them the oldest sessions go. */
  readonly maxBytes: number;
}

const SESSIONS_A_SLICE = 20;
const ROWS_A_SLICE = 2000;
const PAGES_A_STEP = 500;
/** Sums are small and are what one looks back at. */
const ROLLUPS_KEPT_MS = 400 * 86_400_000;
/** To remove what still comes in would only make it come again. */
const NEVER_YOUNGER_THAN_MS = 3_600_000;

const OLDEST = `
  select id from session where parent is null and last_us < :beforeUs
  order by last_us limit ${SESSIONS_A_SLICE}`;
const PAGES = "pragma page_count";
const PAGE_BYTES = "pragma page_size";
const FREE_PAGES = "pragma freelist_count";

/** What goes with a session and all it spawned; `:root` names it. Spans of whole traces first. */
const REMOVE_SESSION = [
  `create temp table if not exists going (span integer primary key)`,
  `insert into going select id from span where trace_id in
     (select trace_id from run where session in (select id from session where root = :root))
     union select id from span where session in (select id from session where root = :root)`,
  `delete from log where trace_id in
     (select trace_id from run where session in (select id from session where root = :root))`,
  `create temp table if not exists loose (content integer primary key)`,
  `insert or ignore into loose select content from span_content where span in (select span from going)`,
  `delete from span_content where span in (select span from going)`,
  `delete from content where id in (select content from loose)
     and not exists (select 1 from span_content where span_content.content = content.id)`,
  `delete from span where id in (select span from going)`,
  `delete from spawn where child_key in (select session_key from session where root = :root)`,
  `delete from run where session in (select id from session where root = :root)`,
  `delete from session where root = :root`,
  `delete from going`,
  `delete from loose`,
] as const;

/** Rows that belong to no session, and the oldest sums. */
const REMOVE_LOOSE = [
  `delete from span where id in (select id from span
     where run is null and session is null and start_ns < :beforeUs * 1000 limit ${ROWS_A_SLICE})`,
  `delete from log where id in (select id from log where time_ns < :beforeUs * 1000 limit ${ROWS_A_SLICE})`,
] as const;
const REMOVE_COSTS = "delete from cost_roll where bucket < :bucket";
const REMOVE_TURNS = "delete from turn_roll where bucket < :bucket";

/** Removes whole sessions, oldest first, a few at a time, so that nobody waits for it. */
export class Retention {
  readonly limits: RetentionLimits;
  readonly #database: DatabaseSync;
  readonly #oldest: StatementSync;

  constructor(database: DatabaseSync, limits: RetentionLimits) {
    this.#database = database;
    this.limits = limits;
    this.#oldest = database.prepare(OLDEST);
  }

  /** Removes one slice, within a transaction of the caller's; false where nothing is to go. */
  removeSlice(nowMs: number): boolean {
    const { maxAgeMs, maxBytes } = this.limits;
    const isTooMuch = this.#usedBytes() > maxBytes;
    const keptMs = isTooMuch ? Math.min(NEVER_YOUNGER_THAN_MS, maxAgeMs) : maxAgeMs;
    const sessions = this.#oldest.all({ beforeUs: (nowMs - keptMs) * 1000 });
    for (const { id } of sessions) this.#run(REMOVE_SESSION, { root: Number(id) });
    const removed = this.#run(REMOVE_LOOSE, { beforeUs: (nowMs - maxAgeMs) * 1000 });
    const bucket = Math.floor(((nowMs - ROLLUPS_KEPT_MS) * 1000) / BUCKET_US);
    this.#run([REMOVE_COSTS, REMOVE_TURNS], { bucket });
    return sessions.length > 0 || removed > 0;
  }

  /** Gives some of the free pages back to the disk; false where there are few. */
  giveBackSpace(): boolean {
    if (this.#number(FREE_PAGES) < PAGES_A_STEP) return false;
    this.#database.exec(`pragma incremental_vacuum(${PAGES_A_STEP})`);
    return true;
  }

  #usedBytes(): number {
    return (this.#number(PAGES) - this.#number(FREE_PAGES)) * this.#number(PAGE_BYTES);
  }

  #number(pragma: string): number {
    return Number(Object.values(this.#database.prepare(pragma).get() ?? {})[0] ?? 0);
  }

  #run(statements: readonly string[], values: Readonly<Record<string, number>>): number {
    let changes = 0;
    for (const sql of statements) {
      const statement = this.#database.prepare(sql);
      statement.setAllowUnknownNamedParameters(true);
      changes += Number(statement.run(values).changes);
    }
    return changes;
  }
}
