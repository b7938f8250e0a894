import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Totals } from "../api-types.ts";
import { createTotals } from "../reading/totals.ts";
import type { Contribution } from "./contribution.ts";
import { type Draft, DraftTable, plainColumns } from "./draft-table.ts";
import { publicId } from "./sessions.ts";
import { totalColumns, totalsOf } from "./total-columns.ts";

/** A turn, or a subagent's run. */
export interface RunRow extends Draft {
  readonly public_id: string;
  readonly trace_id: Buffer;
  run_id: string;
  span_id: Buffer | null;
  span_rank: number;
  session: number;
  kind: "turn" | "subagent";
  parent_run_id: string | null;
  label: string | null;
  turn_index: number | null;
  agent: string | null;
  provider: string | null;
  model: string | null;
  started_by: string | null;
  channel: string | null;
  outcome: string | null;
  error_type: string | null;
  error_message: string | null;
  block_reason: string | null;
  block_hook: string | null;
  stop_reason: string | null;
  attempts: number;
  start_us: number;
  end_us: number | null;
  source: string | null;
  input_preview: string | null;
  output_preview: string | null;
  foreign_calls: number;
  own_calls: 0 | 1;
  /** Sums over the spans of its calls. */
  seen: Totals;
  /** What the run's end said. */
  recorded: Totals;
  /** What of it stands in its session and in the rollups; no column. */
  applied: Contribution | undefined;
}

const names = [
  "public_id",
  "trace_id",
  "run_id",
  "span_id",
  "span_rank",
  "session",
  "kind",
  "parent_run_id",
  "label",
  "turn_index",
  "agent",
  "provider",
  "model",
  "started_by",
  "channel",
  "outcome",
  "error_type",
  "error_message",
  "block_reason",
  "block_hook",
  "stop_reason",
  "attempts",
  "start_us",
  "end_us",
  "source",
  "input_preview",
  "output_preview",
  "foreign_calls",
  "own_calls",
] as const satisfies readonly (keyof RunRow)[];
const columns = [
  ...plainColumns<RunRow>(names),
  ...totalColumns<RunRow>("seen_", ({ seen }) => seen),
  ...totalColumns<RunRow>("recorded_", ({ recorded }) => recorded),
];

export interface RunIdentity {
  readonly traceId: Buffer;
  /** '' for the one turn of a trace whose spans name none. */
  readonly runId: string;
}

const BY_KEY = "select * from run where trace_id = :traceId and run_id = :runId";
const OWN_OF_TRACE =
  "select * from run where trace_id = :traceId and run_id <> '' order by start_us limit 1";
const MOVE_SPANS = "update span set run = :to where trace_id = :traceId and run = :from";

/** Turns as the writer sees them. */
export class Runs {
  readonly #table: DraftTable<RunRow>;
  readonly #byKeyText = new Map<string, RunRow>();
  /** Spans of one run mostly stand together. */
  #last: RunRow | undefined;
  /** Which own turn answers for the spans of others in its trace; `null`: there is none so far. */
  readonly #ownOfTrace = new Map<string, RunRow | null>();
  readonly #byKey: StatementSync;
  readonly #ownRun: StatementSync;
  readonly #moveSpans: StatementSync;
  readonly #restore: (row: RunRow) => Contribution;

  /** `restore` says what of a stored run stands in its session. */
  constructor(database: DatabaseSync, restore: (row: RunRow) => Contribution) {
    this.#table = new DraftTable(database, "run", columns);
    this.#byKey = database.prepare(BY_KEY);
    this.#ownRun = database.prepare(OWN_OF_TRACE);
    this.#moveSpans = database.prepare(MOVE_SPANS);
    this.#restore = restore;
  }

  find({ traceId, runId }: RunIdentity): RunRow | undefined {
    const last = this.#last;
    if (last?.run_id === runId && traceId.equals(last.trace_id)) return last;
    this.#last = this.#look(traceId, runId);
    return this.#last;
  }

  #look(traceId: Buffer, runId: string): RunRow | undefined {
    const text = keyText(traceId, runId);
    const known = this.#byKeyText.get(text);
    if (known !== undefined) return known;
    const row = this.#read(this.#byKey.get({ traceId, runId }));
    if (row !== undefined) this.#byKeyText.set(text, row);
    return row;
  }

  create(identity: RunIdentity, session: number, kind: RunRow["kind"], startUs: number): RunRow {
    const { traceId, runId } = identity;
    const empty = Object.fromEntries(names.map((name) => [name, null]));
    const row: RunRow = {
      ...(empty as unknown as RunRow),
      public_id: publicId("run", traceId.toString("hex"), runId),
      trace_id: traceId,
      run_id: runId,
      span_rank: 9,
      session,
      kind,
      attempts: 1,
      start_us: startUs,
      foreign_calls: 0,
      own_calls: 0,
      seen: createTotals(),
      recorded: createTotals(),
      applied: undefined,
    };
    this.#table.insert(row);
    this.#byKeyText.set(keyText(traceId, runId), row);
    if (runId !== "") this.#ownOfTrace.delete(traceId.toString("latin1"));
    return row;
  }

  /** The first of our own turns in a trace: spans of other libraries in it belong to that. */
  findOwnOfTrace(traceId: Buffer): RunRow | undefined {
    const text = traceId.toString("latin1");
    const known = this.#ownOfTrace.get(text);
    if (known !== undefined) return known ?? undefined;
    const row = this.#read(this.#ownRun.get({ traceId })) ?? this.#findFresh(traceId);
    this.#ownOfTrace.set(text, row ?? null);
    return row;
  }

  change(run: RunRow): void {
    this.#table.change(run);
  }

  /** Gives the spans of one run to another, and removes it. */
  absorb(from: RunRow, to: RunRow): void {
    this.#moveSpans.run({ traceId: from.trace_id, from: from.id, to: to.id });
    this.#last = undefined;
    this.#byKeyText.delete(keyText(from.trace_id, from.run_id));
    this.#table.delete(from);
  }

  get changed(): ReadonlySet<RunRow> {
    return this.#table.changed;
  }

  flush(): RunRow[] {
    return this.#table.flush();
  }

  trim(): void {
    if (this.#table.isOverfull || this.#ownOfTrace.size > MAX_TRACES) this.clear();
  }

  clear(): void {
    this.#table.clear();
    this.#byKeyText.clear();
    this.#last = undefined;
    this.#ownOfTrace.clear();
  }

  #findFresh(traceId: Buffer): RunRow | undefined {
    for (const row of this.#table.fresh) {
      if (row.run_id !== "" && row.trace_id.equals(traceId)) return row;
    }
    return undefined;
  }

  #read(stored: unknown): RunRow | undefined {
    if (stored === undefined) return undefined;
    const known = this.#table.get((stored as StoredRun).id);
    if (known !== undefined) return known;
    const row = this.#table.keep(readRun(stored as StoredRun));
    row.applied = this.#restore(row);
    return row;
  }
}

/** A row as SQLite gives it: byte arrays that are no buffers, and totals column by column. */
export type StoredRun = Omit<RunRow, "trace_id" | "span_id" | "seen" | "recorded" | "applied"> & {
  readonly trace_id: Uint8Array;
  readonly span_id: Uint8Array | null;
};

export const readRun = (stored: StoredRun): RunRow => ({
  ...stored,
  trace_id: Buffer.from(stored.trace_id),
  span_id: stored.span_id === null ? null : Buffer.from(stored.span_id),
  seen: totalsOf(stored, "seen_"),
  recorded: totalsOf(stored, "recorded_"),
  applied: undefined,
});

const MAX_TRACES = 8192;

const keyText = (traceId: Buffer, runId: string): string => `${traceId.toString("latin1")}${runId}`;
