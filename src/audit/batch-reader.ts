import { type LogCursor, readOnward } from "../base/segment-cursor.ts";
import type { Damage, LocatedEntry } from "../base/segment-reader.ts";
import type { DurableEnd } from "../base/segment-series.ts";
import type { WireRecord } from "../lifecycle/record-log.ts";
import { type AuditOwner, gapRecord, type OutgoingRecord } from "./otlp-records.ts";

/** Where a reader stands: before the record of that sequence. */
export interface ReadPosition extends LogCursor {
  readonly seq: number;
  /** Who wrote the records that follow. */
  readonly owner?: unknown;
}

export interface Batch {
  readonly records: readonly OutgoingRecord[];
  /** What could not be read between them. */
  readonly damage: readonly Damage[];
  /** Where to go on when this batch is dealt with. */
  readonly next: ReadPosition;
}

export interface BatchLimits {
  readonly maxRecords: number;
  readonly maxBytes: number;
}

const isOwner = (value: unknown): value is AuditOwner =>
  typeof value === "object" && value !== null && "resource" in value;

/** Reads a log onward in batches of records; gaps are records too. */
export class BatchReader {
  readonly #folder: string;
  readonly #writer: string;
  /** The owner of the records as it was read, always the same object for the same words. */
  #owner: AuditOwner | undefined;
  #position: ReadPosition;
  #entries: readonly LocatedEntry[] = [];
  #damage: readonly Damage[] = [];
  #at = 0;
  /** Where the slice that was read ends. */
  #sliceEnd: LogCursor;

  /** `writer`: the log's name. */
  constructor(folder: string, writer: string, from: ReadPosition) {
    this.#folder = folder;
    this.#writer = writer;
    this.#position = from;
    this.#sliceEnd = from;
    if (isOwner(from.owner)) this.#owner = from.owner;
  }

  /** The next batch, up to where the log is safe; undefined where nothing more is there now. */
  async next(limits: BatchLimits, until: DurableEnd): Promise<Batch | undefined> {
    while (this.#at >= this.#entries.length) {
      if (!(await this.#readSlice(until))) return undefined;
      // A slice may hold nothing but headers, or nothing that can be read.
      if (this.#entries.length === 0 && this.#damage.length > 0) break;
    }
    const records = this.#take(limits);
    const damage = this.#damage;
    this.#damage = [];
    return { records, damage, next: this.#position };
  }

  async #readSlice(until: DurableEnd): Promise<boolean> {
    const from = this.#sliceEnd;
    const slice = await readOnward(this.#folder, from, until);
    const { cursor } = slice;
    if (cursor.segment === from.segment && cursor.offset === from.offset) return false;
    this.#entries = slice.entries;
    this.#damage = slice.damage;
    this.#at = 0;
    this.#sliceEnd = cursor;
    this.#position = { ...this.#position, ...cursor };
    return true;
  }

  #take({ maxRecords, maxBytes }: BatchLimits): OutgoingRecord[] {
    const records: OutgoingRecord[] = [];
    let bytes = 0;
    let { seq } = this.#position;
    while (this.#at < this.#entries.length && records.length < maxRecords && bytes < maxBytes) {
      const located = this.#entries[this.#at++] as LocatedEntry;
      const outgoing = this.#read(located, seq);
      if (outgoing !== undefined) records.push(outgoing.record);
      bytes += located.end - located.offset;
      seq = Math.max(seq, outgoing?.nextSeq ?? seq);
    }
    const following = this.#entries[this.#at];
    const cursor =
      following === undefined
        ? this.#sliceEnd
        : { segment: following.segment, offset: following.offset };
    const { segment, offset } = cursor;
    this.#position = { segment, offset, seq, owner: this.#owner };
    return records;
  }

  /** A record to send, where the entry is one that was not sent before. */
  #read({ entry }: LocatedEntry, seq: number): Outgoing | undefined {
    if (entry.kind === "segment") this.#meet(entry.header.owner);
    if (entry.kind === "owner") this.#meet(entry.owner);
    const owner = this.#owner;
    if (entry.kind === "record" && entry.seq >= seq) {
      const record = entry.body as WireRecord;
      return { record: { seq: entry.seq, record, owner }, nextSeq: entry.seq + 1 };
    }
    if (entry.kind !== "gap" || entry.gap.firstSeq < seq) return undefined;
    const { firstSeq, count } = entry.gap;
    const record = gapRecord(this.#writer, entry.gap);
    return { record: { seq: firstSeq, record, owner }, nextSeq: firstSeq + count };
  }

  #meet(owner: unknown): void {
    if (!isOwner(owner)) return;
    // The same owner in a new segment is the same resource to those who group by it.
    if (JSON.stringify(owner) !== JSON.stringify(this.#owner)) this.#owner = owner;
  }
}

interface Outgoing {
  readonly record: OutgoingRecord;
  readonly nextSeq: number;
}
