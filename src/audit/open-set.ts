import { toCanonicalJson } from "../base/segment-entry.ts";
import type { LocatedEntry } from "../base/segment-reader.ts";
import type { WireRecord } from "../lifecycle/record-log.ts";
import { EVENT_SESSION_END, EVENT_SESSION_START } from "../semconv/gen-ai.ts";
import * as own from "../semconv/turnspan.ts";
import {
  addRunEnd,
  addTurnStart,
  createSums,
  type SessionSums,
  setStopReason,
  sumsJson,
} from "./session-sums.ts";

/** A session that has begun and not ended, as its records tell it. */
export interface OpenSession {
  /** Its share of the ids of all its records. */
  readonly base: string;
  /** Its first record, as canonical JSON. */
  readonly start: string;
  readonly sums: SessionSums;
  /** Number of its next record. */
  ordinal: number;
}

/** A turn or a subagent's run that has begun and not ended. */
export interface OpenRun {
  /** Its own session's. */
  readonly base: string;
  readonly start: string;
  /** Number of its own session's next record; what counts only where that session has no records. */
  ordinal: number;
}

/** A record and what its id says. */
interface Told {
  readonly record: WireRecord;
  readonly json: string;
  readonly base: string;
  readonly ordinal: number;
}

/** How segments carry an open thing; a run has no `sums`. */
interface Carried {
  readonly base: string;
  readonly start: WireRecord;
  readonly ordinal: number;
  readonly sums?: SessionSums;
}

type Effect = (set: OpenSet, told: Told) => void;

const runKey = (base: string, { attributes }: WireRecord): string =>
  `${base} ${attributes[own.ATTR_RUN_ID]}`;

/** What is open: a fold over the records of one log, kept up to date with each that is appended. */
export class OpenSet {
  readonly #sessions = new Map<string, OpenSession>();
  readonly #runs = new Map<string, OpenRun>();
  /** Keys of the runs of each session, so that a session's end is no search. */
  readonly #runsOf = new Map<string, Set<string>>();
  #lastSign = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.#sessions.size + this.#runs.size;
  }

  get sessions(): IteratorObject<OpenSession> {
    return this.#sessions.values();
  }

  get runs(): IteratorObject<OpenRun> {
    return this.#runs.values();
  }

  /** The latest time that any record names, epoch milliseconds: their writer was alive then. */
  get lastSign(): number {
    return this.#lastSign;
  }

  /** Takes a record; `json` is its canonical JSON. */
  apply(record: WireRecord, json: string): void {
    if (record.timestamp > this.#lastSign) this.#lastSign = record.timestamp;
    const id = record.attributes[own.ATTR_RECORD_ID];
    if (typeof id !== "string") return;
    const base = id.slice(0, id.indexOf("-"));
    const ordinal = Number(id.slice(id.lastIndexOf("-") + 1));
    OpenSet.#effects[record.eventName]?.(this, { record, json, base, ordinal });
    const session = this.#sessions.get(base);
    if (session !== undefined) session.ordinal = Math.max(session.ordinal, ordinal + 1);
  }

  /** Takes an entry of a log that is read again. */
  replay({ entry, text }: LocatedEntry): void {
    if (entry.kind === "record") {
      this.apply(
        entry.body as WireRecord,
        text.slice('{"record":'.length, text.lastIndexOf(',"seq"')),
      );
    }
    if (entry.kind === "carried") this.#takeCarried(entry.body as Carried);
  }

  /** What a new segment begins with: each open thing as canonical JSON. */
  *carry(): Generator<string> {
    for (const { base, start, ordinal, sums } of this.#sessions.values()) {
      yield `{"base":"${base}","ordinal":${ordinal},"start":${start},"sums":${sumsJson(sums)}}`;
    }
    for (const { base, start, ordinal } of this.#runs.values()) {
      yield `{"base":"${base}","ordinal":${ordinal},"start":${start}}`;
    }
  }

  /** Which records open or close something; every other only tells that its session is alive. */
  static readonly #effects: Readonly<Record<string, Effect>> = {
    [EVENT_SESSION_START]: (set, { base, json, ordinal }) => {
      set.#sessions.set(base, { base, start: json, sums: createSums(), ordinal });
    },
    [EVENT_SESSION_END]: (set, { base }) => set.#closeSession(base),
    [own.EVENT_TURN_START]: (set, told) => {
      set.#openRun(told);
      const session = set.#sessions.get(told.base);
      if (session !== undefined) addTurnStart(session.sums, told.record);
    },
    [own.EVENT_TURN_END]: (set, told) => {
      set.#closeRun(told);
      const session = set.#sessions.get(told.base);
      if (session === undefined) return;
      addRunEnd(session.sums, told.record);
      setStopReason(session.sums, told.record);
    },
    [own.EVENT_SUBAGENT_SPAWNED]: (set, told) => set.#openRun(told),
    [own.EVENT_SUBAGENT_FINISHED]: (set, told) => set.#closeRun(told),
    [own.EVENT_SUBAGENT_KILLED]: (set, told) => set.#closeRun(told),
  };

  #openRun({ base, record, json, ordinal }: Told): void {
    const key = runKey(base, record);
    this.#runs.set(key, { base, start: json, ordinal: ordinal + 1 });
    const keys = this.#runsOf.get(base) ?? new Set();
    this.#runsOf.set(base, keys.add(key));
  }

  #closeRun({ base, record }: Told): void {
    const key = runKey(base, record);
    this.#runs.delete(key);
    const keys = this.#runsOf.get(base);
    keys?.delete(key);
    if (keys?.size === 0) this.#runsOf.delete(base);
  }

  /** The end of a turn may stand in a gap: none outlives its session. */
  #closeSession(base: string): void {
    this.#sessions.delete(base);
    for (const key of this.#runsOf.get(base) ?? []) this.#runs.delete(key);
    this.#runsOf.delete(base);
  }

  #takeCarried({ base, start, ordinal, sums }: Carried): void {
    const json = toCanonicalJson(start);
    if (start.timestamp > this.#lastSign) this.#lastSign = start.timestamp;
    if (sums === undefined) this.#openRun({ base, record: start, json, ordinal: ordinal - 1 });
    else this.#sessions.set(base, { base, start: json, sums, ordinal });
  }
}
