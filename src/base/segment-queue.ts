import { carriedText, type Gap, gapText, recordText } from "./segment-entry.ts";
import { FrameBuffer } from "./segment-frame.ts";

/** What became of a record. `stored`: it is safe on disk (in mode `batched`: with the operating system). */
export interface Ack {
  readonly seq: number;
  readonly stored: boolean;
}

/** Frames that are written together. */
export interface Group {
  readonly firstSeq: number;
  readonly frames: FrameBuffer;
  /** Set where a new segment begins with this group: how many frames of the open set lead it. */
  readonly carried: number | undefined;
  readonly waiting: Waiting[];
}

interface Waiting {
  readonly seq: number;
  readonly resolve: (ack: Ack) => void;
}

export interface SegmentQueueOptions {
  readonly nextSeq: number;
  /** Canonical JSON of each thing that is open, as of the last record appended. */
  readonly openSet: () => Iterable<string>;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** A segment is followed by a new one past this many bytes of records. */
  readonly maxSegmentBytes: number;
  readonly maxSegmentAgeMs: number;
  /** Bytes that wait for the disk at most; past it records are lost, and counted. */
  readonly maxWaitingBytes: number;
  /** A gap begins. */
  readonly onLoss: (reason: string) => void;
  /** A gap is over, and its frame on its way. */
  readonly onGap: (gap: Gap) => void;
  /** Set where the log goes on in a segment that has this many bytes; its first frame is then this one. */
  readonly goOn?: GoOn | undefined;
}

interface GoOn {
  readonly bytes: number;
  /** When the segment was begun, epoch milliseconds. */
  readonly since: number;
  readonly lead: string;
}

/** Larger ones are refused: 256 Ki characters are a book chapter, not a record. */
const MAX_RECORD_CHARACTERS = 256 * 1024;
const TOO_LARGE = "record_too_large";
const MAX_GROUP_BYTES = 512 * 1024;
const MAX_SPARE_BUFFERS = 4;

/**
 * Builds frames and gathers them into groups while others are written. Decides here, and not when writing,
 * where a new segment begins, because only here the open set is known as of that very record.
 */
export class SegmentQueue {
  readonly #options: SegmentQueueOptions;
  readonly #groups: Group[] = [];
  readonly #spare: FrameBuffer[] = [];
  #nextSeq: number;
  #waitingBytes = 0;
  #takenBytes = 0;
  /** Bytes of records meant for the current segment; undefined: the next record begins a new one. */
  #segmentBytes: number | undefined;
  #segmentSince: number;
  #lead: string | undefined;
  #gap: Gap | undefined;
  #trouble: string | undefined;
  #refusal: string | undefined;

  constructor(options: SegmentQueueOptions) {
    this.#options = options;
    this.#nextSeq = options.nextSeq;
    this.#segmentSince = options.goOn?.since ?? options.clock();
    this.#segmentBytes = options.goOn?.bytes;
    this.#lead = options.goOn?.lead;
  }

  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** Bytes not yet safe. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Bytes taken so far. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Why records are being lost at the moment; one that was too large says nothing of the next. */
  get losing(): string | undefined {
    const reason = this.#gap?.reason;
    return reason === TOO_LARGE ? undefined : reason;
  }

  /** The disk's trouble: the reason of gaps that begin now. Without any, records just come too fast. */
  set trouble(reason: string | undefined) {
    this.#trouble = reason;
  }

  /** Loses everything that comes from now on, for this reason; `undefined`: takes it again. */
  set refusal(reason: string | undefined) {
    this.#refusal = reason;
  }

  /** Takes a record, as canonical JSON. Never throws. */
  append(body: string): Promise<Ack> {
    const seq = this.#nextSeq++;
    const reason = this.#findRefusal(body);
    if (reason !== undefined) return this.#lose(seq, reason);
    this.#endGap();
    const group = this.#groupFor(seq);
    this.#add(group, recordText(body, seq));
    const { promise, resolve } = Promise.withResolvers<Ack>();
    group.waiting.push({ seq, resolve });
    return promise;
  }

  /** The next group to write; undefined where nothing waits. */
  take(): Group | undefined {
    if (this.#groups.length === 0 && this.#hasRoom()) this.#endGap();
    return this.#groups.shift();
  }

  /** Tells those who wait for a group what became of it. */
  acknowledge(group: Group, stored: boolean): void {
    for (const { seq, resolve } of group.waiting) resolve({ seq, stored });
    group.waiting.length = 0;
  }

  /** A group's bytes are no longer needed. */
  release({ frames }: Group): void {
    this.#waitingBytes -= frames.size;
    if (this.#spare.length >= MAX_SPARE_BUFFERS || frames.size > 2 * MAX_GROUP_BYTES) return;
    frames.clear();
    this.#spare.push(frames);
  }

  #findRefusal(body: string): string | undefined {
    if (this.#refusal !== undefined) return this.#refusal;
    if (body.length > MAX_RECORD_CHARACTERS) return TOO_LARGE;
    const { maxWaitingBytes } = this.#options;
    // Once some are lost all are, until there is room again: one gap instead of a hundred.
    const isFull =
      this.#gap !== undefined ? !this.#hasRoom() : this.#waitingBytes >= maxWaitingBytes;
    return isFull ? (this.#trouble ?? "queue_full") : undefined;
  }

  #hasRoom(): boolean {
    return this.#waitingBytes <= this.#options.maxWaitingBytes / 2;
  }

  #lose(seq: number, reason: string): Promise<Ack> {
    const now = this.#options.clock();
    if (this.#gap?.reason !== reason) {
      this.#endGap();
      this.#options.onLoss(reason);
    }
    const gap = this.#gap ?? { firstSeq: seq, count: 0, reason, from: now, to: now };
    this.#gap = { ...gap, count: gap.count + 1, to: now };
    return Promise.resolve({ seq, stored: false });
  }

  #endGap(): void {
    const gap = this.#gap;
    if (gap === undefined) return;
    this.#gap = undefined;
    this.#add(this.#groupFor(gap.firstSeq), gapText(gap));
    this.#options.onGap(gap);
  }

  #add(group: Group, text: string): void {
    const bytes = group.frames.add(text);
    this.#waitingBytes += bytes;
    this.#takenBytes += bytes;
    this.#segmentBytes = (this.#segmentBytes ?? 0) + bytes;
  }

  #groupFor(seq: number): Group {
    if (this.#needsSegment()) return this.#openSegment(seq);
    const last = this.#groups.at(-1);
    if (last !== undefined && last.frames.size < MAX_GROUP_BYTES) return last;
    const group = this.#openGroup(seq);
    this.#groups.push(group);
    if (this.#lead !== undefined) this.#add(group, this.#lead);
    this.#lead = undefined;
    return group;
  }

  #needsSegment(): boolean {
    if (this.#segmentBytes === undefined) return true;
    const { clock, maxSegmentBytes, maxSegmentAgeMs } = this.#options;
    if (this.#segmentBytes >= maxSegmentBytes) return true;
    return clock() - this.#segmentSince >= maxSegmentAgeMs;
  }

  #openSegment(seq: number): Group {
    const open = [...this.#options.openSet()];
    const group = this.#openGroup(seq, open.length);
    for (const body of open) this.#waitingBytes += group.frames.add(carriedText(body));
    this.#groups.push(group);
    this.#segmentBytes = 0;
    this.#segmentSince = this.#options.clock();
    return group;
  }

  #openGroup(firstSeq: number, carried?: number): Group {
    return { firstSeq, carried, frames: this.#spare.pop() ?? new FrameBuffer(), waiting: [] };
  }
}
