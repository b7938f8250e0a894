import { hash } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Totals } from "../api-types.ts";
import { createTotals } from "../reading/totals.ts";
import { type Draft, DraftTable, plainColumns } from "./draft-table.ts";
import { totalColumns, totalsOf } from "./total-columns.ts";

export interface SessionRow extends Draft {
  readonly public_id: string;
  session_id: string | null;
  session_key: string | null;
  parent: number | null;
  root: number;
  readonly made_up: 0 | 1;
  agent: string | null;
  model: string | null;
  project: string | null;
  repository: string | null;
  branch: string | null;
  user_id: string | null;
  host: string | null;
  service: string | null;
  source: string | null;
  title: string | null;
  label: string | null;
  metadata: string | null;
  first_us: number;
  last_us: number;
  opened_us: number | null;
  opened_generation: number | null;
  closed_us: number | null;
  closed_generation: number | null;
  end_reason: string | null;
  /** What it waits for somebody to do, and when that was told last. */
  waits_for: string | null;
  waits_us: number | null;
  turns: number;
  failed_turns: number;
  running_turns: number;
  subagents: number;
  readonly totals: Totals;
}

const names = [
  "public_id",
  "session_id",
  "session_key",
  "parent",
  "root",
  "made_up",
  "agent",
  "model",
  "project",
  "repository",
  "branch",
  "user_id",
  "host",
  "service",
  "source",
  "title",
  "label",
  "metadata",
  "first_us",
  "last_us",
  "opened_us",
  "opened_generation",
  "closed_us",
  "closed_generation",
  "end_reason",
  "waits_for",
  "waits_us",
  "turns",
  "failed_turns",
  "running_turns",
  "subagents",
] as const satisfies readonly (keyof SessionRow)[];
const columns = [
  ...plainColumns<SessionRow>(names),
  ...totalColumns<SessionRow>("", ({ totals }) => totals),
];

/** What tells sessions apart: the host's id and its key, either of which may be missing. */
export interface SessionIdentity {
  readonly id: string | null;
  readonly key: string | null;
}

/** Fields of a session that any of its spans and records may name. */
export type SessionDetails = Partial<
  Pick<
    SessionRow,
    "agent" | "project" | "repository" | "branch" | "user_id" | "host" | "service" | "source"
  >
>;

const BY_BOTH = "select * from session where session_id = :id and session_key = :key";
const BY_KEY_ALONE =
  "select * from session where session_key = :key and session_id is null and made_up = 0";
const BY_ID_ALONE = "select * from session where session_id = :id and session_key is null";
const NEWEST_BY_ID = "select * from session where session_id = :id order by last_us desc limit 1";
const NEWEST_BY_KEY =
  "select * from session where session_key = :key order by last_us desc limit 1";
const BY_PUBLIC_ID = "select * from session where public_id = :publicId";
const BY_ROWID = "select * from session where id = :row";
const MOVE_LINE = "update session set root = :to where root = :from";

export const publicId = (...parts: readonly string[]): string =>
  hash("sha256", parts.join("\0"), "hex").slice(0, 16);

/** Sessions as the writer sees them: found or made by what their spans and records say of them. */
export class Sessions {
  readonly #table: DraftTable<SessionRow>;
  readonly #aliases = new Map<string, SessionRow>();
  /** Items of one session mostly stand together. */
  #last: (SessionIdentity & { readonly row: SessionRow }) | undefined;
  readonly #byBoth: StatementSync;
  readonly #byKeyAlone: StatementSync;
  readonly #byIdAlone: StatementSync;
  readonly #newestById: StatementSync;
  readonly #newestByKey: StatementSync;
  readonly #byPublicId: StatementSync;
  readonly #byRowid: StatementSync;
  readonly #moveLine: StatementSync;

  constructor(database: DatabaseSync) {
    this.#table = new DraftTable(database, "session", columns);
    this.#byBoth = database.prepare(BY_BOTH);
    this.#byKeyAlone = database.prepare(BY_KEY_ALONE);
    this.#byIdAlone = database.prepare(BY_ID_ALONE);
    this.#newestById = database.prepare(NEWEST_BY_ID);
    this.#newestByKey = database.prepare(NEWEST_BY_KEY);
    this.#byPublicId = database.prepare(BY_PUBLIC_ID);
    this.#byRowid = database.prepare(BY_ROWID);
    this.#moveLine = database.prepare(MOVE_LINE);
  }

  /** Finds or makes the session; `atUs` is when it was first heard of, where it is new. */
  take(identity: SessionIdentity, atUs: number): { readonly row: SessionRow; isNew: boolean } {
    const { id, key } = identity;
    const last = this.#last;
    if (last !== undefined && last.id === id && last.key === key) {
      return { row: last.row, isNew: false };
    }
    const alias = `${key ?? ""}\0${id ?? ""}`;
    const known = this.#aliases.get(alias);
    if (known !== undefined) {
      this.#last = { id, key, row: known };
      return { row: known, isNew: false };
    }
    const found = this.#search(identity);
    const row = found ?? this.#create(publicId("session", key ?? "", id ?? ""), identity, atUs, 0);
    this.#aliases.set(alias, row);
    return { row, isNew: found === undefined };
  }

  findByKey(key: string): SessionRow | undefined {
    return (
      this.#findFresh(({ session_key }) => session_key === key) ??
      this.#read(this.#newestByKey.get({ key }))
    );
  }

  /** The session that is made up for a trace. */
  takeForTrace(traceId: Buffer, atUs: number): SessionRow {
    const madeUp = publicId("trace", traceId.toString("hex"));
    const known = this.#aliases.get(madeUp);
    if (known !== undefined) return known;
    const found = this.#read(this.#byPublicId.get({ publicId: madeUp }));
    const row = found ?? this.#create(madeUp, { id: null, key: null }, atUs, 1);
    this.#aliases.set(madeUp, row);
    return row;
  }

  get(row: number): SessionRow {
    const session = this.#table.get(row) ?? this.#read(this.#byRowid.get({ row }));
    if (session === undefined) throw new Error(`a turn names session ${row}, which is not there`);
    return session;
  }

  /** Extends the session's time, and that of the session it is shown in. */
  touch(session: SessionRow, fromUs: number, toUs: number): void {
    for (const row of session.root === session.id ? [session] : [session, this.get(session.root)]) {
      if (fromUs >= row.first_us && toUs <= row.last_us) continue;
      row.first_us = Math.min(row.first_us, fromUs);
      row.last_us = Math.max(row.last_us, toUs);
      this.#table.change(row);
    }
  }

  /** Fills in what is not known yet. */
  describe(session: SessionRow, details: SessionDetails): void {
    for (const name of Object.keys(details) as (keyof SessionDetails)[]) {
      const value = details[name];
      if (value == null || session[name] !== null) continue;
      session[name] = value;
      this.#table.change(session);
    }
  }

  change(session: SessionRow): void {
    this.#table.change(session);
  }

  /** Sets who spawned a session: from then on it is shown in that one. The first word counts. */
  setParent(child: SessionRow, parent: SessionRow): void {
    if (child.parent !== null || parent.root === child.id || parent.id === child.id) return;
    child.parent = parent.id;
    this.#table.change(child);
    const line = { from: child.id, to: parent.root };
    this.#moveLine.run(line);
    for (const row of this.#table.kept()) if (row.root === line.from) row.root = line.to;
    this.touch(child, child.first_us, child.last_us);
    this.touch(this.get(parent.root), child.first_us, child.last_us);
  }

  /** Removes a made-up session whose turn has found its own. */
  remove(session: SessionRow): void {
    this.#table.delete(session);
    this.#last = undefined;
    for (const [alias, row] of this.#aliases) if (row === session) this.#aliases.delete(alias);
  }

  flush(): SessionRow[] {
    return this.#table.flush();
  }

  trim(): void {
    if (this.#table.isOverfull) this.clear();
  }

  clear(): void {
    this.#table.clear();
    this.#aliases.clear();
    this.#last = undefined;
  }

  #search({ id, key }: SessionIdentity): SessionRow | undefined {
    if (id === null) return key === null ? undefined : this.findByKey(key);
    if (key === null) {
      return (
        this.#findFresh(({ session_id }) => session_id === id) ??
        this.#read(this.#newestById.get({ id }))
      );
    }
    // What is not written yet has an alias of its own, unless only half of its name was known.
    const exact = this.#read(this.#byBoth.get({ id, key }));
    if (exact !== undefined) return exact;
    const half =
      this.#findFresh((row) => row.session_key === key && row.session_id === null) ??
      this.#findFresh((row) => row.session_id === id && row.session_key === null) ??
      this.#read(this.#byKeyAlone.get({ key })) ??
      this.#read(this.#byIdAlone.get({ id }));
    if (half === undefined) return undefined;
    half.session_id = id;
    half.session_key = key;
    this.#table.change(half);
    return half;
  }

  #findFresh(isWanted: (row: SessionRow) => boolean): SessionRow | undefined {
    for (const row of this.#table.fresh) if (row.made_up === 0 && isWanted(row)) return row;
    return undefined;
  }

  #read(row: unknown): SessionRow | undefined {
    if (row === undefined) return undefined;
    const read = row as Omit<SessionRow, "totals">;
    return this.#table.get(read.id) ?? this.#table.keep({ ...read, totals: totalsOf(read) });
  }

  #create(publicId: string, { id, key }: SessionIdentity, atUs: number, madeUp: 0 | 1): SessionRow {
    const empty = Object.fromEntries(names.map((name) => [name, null]));
    const row = this.#table.insert({
      ...(empty as unknown as SessionRow),
      public_id: publicId,
      session_id: id,
      session_key: key,
      made_up: madeUp,
      root: 0,
      first_us: atUs,
      last_us: atUs,
      turns: 0,
      failed_turns: 0,
      running_turns: 0,
      subagents: 0,
      totals: createTotals(),
    });
    row.root = row.id;
    return row;
  }
}
