import { makeOwnFolder } from "./files.ts";
import { closeText, type Gap, ownerText } from "./segment-entry.ts";
import { SegmentFile } from "./segment-file.ts";
import type { LogStatus, SegmentAlarm, SegmentLogOptions } from "./segment-log-options.ts";
import { type Ack, type Group, SegmentQueue } from "./segment-queue.ts";
import { type Damage, readHeader, segmentRef } from "./segment-reader.ts";
import { type LogEnd, replayLog } from "./segment-replay.ts";
import { pruneSegments } from "./segment-retention.ts";
import { type DurableEnd, SegmentSeries } from "./segment-series.ts";
import { SegmentWriter } from "./segment-writer.ts";

const MEBIBYTE = 1024 * 1024;
const DEFAULT_SEGMENT_BYTES = 16 * MEBIBYTE;
const DEFAULT_SEGMENT_AGE_MS = 24 * 3600 * 1000;
const DEFAULT_WAITING_BYTES = 32 * MEBIBYTE;
const DEFAULT_BYTES = 4096 * MEBIBYTE;
const CLOSE_TIMEOUT_MS = 2000;
const PRUNE_AGAIN_MS = 10_000;

/** A segment to go on in, and when it was begun, epoch milliseconds. */
interface OldSegment {
  readonly segment: SegmentFile;
  readonly since: number;
}

/**
 * An append-only log of canonical JSON in segments: each record is acknowledged when it is safe, many
 * with one sync. One writer a folder. What happens to the disk meanwhile happens to the log alone:
 * `append` never throws, never rejects and never waits.
 *
 * As an outbox: take a place with `claimAnyWriter`, `append` what is to be done, and do it once it is
 * acknowledged. Then either append a record that says that it is done, and keep what is left by `openSet`
 * (each segment begins with it) and `replay` (it is told at the next opening); or, where things are done
 * in order, read them with `readOnward` from a cursor up to `durable`, `replaceFile` the cursor after
 * each, and give its sequence as `retention().keepFromSeq`. A crash between doing and saying so does a
 * thing twice: give each an id. What dead processes left is found by `claimDeadWriters`.
 */
export class SegmentLog implements AsyncDisposable {
  readonly #options: SegmentLogOptions;
  readonly #queue: SegmentQueue;
  readonly #series: SegmentSeries;
  readonly #writer: SegmentWriter;
  readonly #damage: readonly Damage[];
  readonly #lost = new Map<string, number>();
  /** Bytes that were there when the log was opened, less what was deleted since. */
  #oldBytes: number;
  #pruning: Promise<void> = Promise.resolve();
  #prunedAt = 0;
  #closing: Promise<void> | undefined;

  private constructor(options: SegmentLogOptions, end: LogEnd, old: OldSegment | undefined) {
    const { folder, mode = "strict", owner = null, clock = Date.now } = options;
    this.#options = options;
    this.#damage = end.damage;
    this.#oldBytes = end.bytes;
    this.#queue = new SegmentQueue({
      nextSeq: end.nextSeq,
      openSet: options.openSet ?? (() => []),
      clock,
      maxSegmentBytes: options.maxSegmentBytes ?? DEFAULT_SEGMENT_BYTES,
      maxSegmentAgeMs: options.maxSegmentAgeMs ?? DEFAULT_SEGMENT_AGE_MS,
      maxWaitingBytes: options.maxWaitingBytes ?? DEFAULT_WAITING_BYTES,
      goOn: old && {
        bytes: old.segment.position,
        since: old.since,
        lead: ownerText(owner, clock()),
      },
      onLoss: (reason) => this.#alarm({ kind: "losing", reason }),
      onGap: (gap) => this.#countGap(gap),
    });
    this.#series = new SegmentSeries({
      ...{ folder, owner, clock, segment: old?.segment },
      durable: { segment: end.lastNumber, offset: end.lastBytes },
      repaired: end.repaired,
      onNewSegment: () => this.prune(),
    });
    this.#writer = new SegmentWriter(this.#queue, this.#series, {
      ...{ mode, clock },
      onTrouble: (reason, cause) => this.#alarm({ kind: "trouble", reason, cause }),
      onResume: () => this.#alarm({ kind: "resumed" }),
      onDurable: () => options.onDurable?.(),
    });
  }

  /**
   * Opens the log of a folder: finds its end, cuts off what a crash left half-written, and tells `replay`
   * what was open. The first segment is made with the first record. Rejects with what the file system says.
   */
  static async open(options: SegmentLogOptions): Promise<SegmentLog> {
    const { folder, replay = () => {} } = options;
    await makeOwnFolder(folder);
    const end = await replayLog(folder, replay);
    return new SegmentLog(options, end, await reopenLast(options, end));
  }

  get durable(): DurableEnd {
    return this.#series.durable;
  }

  /** Sequence that the next record gets. */
  get nextSeq(): number {
    return this.#queue.nextSeq;
  }

  /** Why nothing can be stored at the moment, and records wait or are lost; undefined while all is well. */
  get trouble(): string | undefined {
    return this.#writer.trouble ?? this.#queue.losing;
  }

  /**
   * Appends a record, given as canonical JSON. The promise says when it is safe, or that it was lost;
   * it never rejects. Nobody needs to wait for it.
   */
  append(body: string): Promise<Ack> {
    if (this.#closing !== undefined) return this.#refuse();
    this.#checkRoom();
    const ack = this.#queue.append(body);
    this.#writer.wake();
    return ack;
  }

  /** Resolves to true when everything appended so far is safe, and to false at the deadline. */
  drain(timeoutMs: number): Promise<boolean> {
    return this.#writer.drain(timeoutMs);
  }

  status(): LogStatus {
    const { lastSyncAt, trouble } = this.#writer;
    const { durable } = this.#series;
    const { nextSeq, waitingBytes, losing } = this.#queue;
    return {
      ...{ nextSeq, durable, waitingBytes, lastSyncAt, trouble, losing },
      bytes: this.#bytes,
      lost: Object.fromEntries(this.#lost),
      damage: this.#damage,
    };
  }

  /** Deletes what retention lets go, in the background; every new segment does it too. */
  prune(): void {
    const { retention, folder } = this.#options;
    if (retention === undefined) return;
    this.#prunedAt = performance.now();
    this.#pruning = this.#pruning
      .then(() => pruneSegments(folder, retention()))
      .then((freed) => {
        this.#oldBytes -= freed;
      })
      .catch((cause) => this.#alarm({ kind: "retention", cause }));
  }

  /**
   * Stores what waits and closes the log. What is not stored by the deadline (default 2 s) is lost, and
   * told by the alarm `abandoned`. Never rejects; a second call waits for the first.
   */
  close(timeoutMs: number = CLOSE_TIMEOUT_MS): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Stores what waits without the event loop and ends the log: for the moment when the process exits. */
  closeNow(): void {
    if (this.#closing !== undefined) return;
    this.#closing = Promise.resolve();
    this.#storeNow();
  }

  #storeNow(): void {
    const groups = this.#writer.stop();
    try {
      this.#series.writeNow(groups);
      for (const group of groups) this.#queue.acknowledge(group, true);
    } catch (cause) {
      this.#abandon(groups);
      this.#alarm({ kind: "trouble", reason: "disk_failed", cause });
    }
  }

  #refuse(): Promise<Ack> {
    this.#countLost("closed", 1);
    return Promise.resolve({ seq: this.nextSeq, stored: false });
  }

  async #close(timeoutMs: number): Promise<void> {
    if (!(await this.#writer.drain(timeoutMs))) return this.#closeLate();
    const { openSet = () => [] } = this.#options;
    try {
      await this.#series.finish(closeText(this.nextSeq, [...openSet()].length));
      await this.#pruning;
    } catch (cause) {
      this.#alarm({ kind: "trouble", reason: "disk_failed", cause });
    }
  }

  /** At the deadline: one more try without the event loop, unless the disk has just failed. */
  #closeLate(): void {
    if (this.#writer.trouble === undefined) this.#storeNow();
    else this.#abandon(this.#writer.stop());
  }

  #abandon(groups: readonly Group[]): void {
    let count = 0;
    for (const group of groups) {
      count += group.waiting.length;
      this.#queue.acknowledge(group, false);
    }
    this.#alarm({ kind: "abandoned", count });
  }

  get #bytes(): number {
    return this.#oldBytes + this.#queue.takenBytes;
  }

  /** Refuses records while the log has its whole size, and looks from time to time for what may go. */
  #checkRoom(): void {
    const isFull = this.#bytes >= (this.#options.maxBytes ?? DEFAULT_BYTES);
    this.#queue.refusal = isFull ? "log_full" : undefined;
    if (isFull && performance.now() - this.#prunedAt > PRUNE_AGAIN_MS) this.prune();
  }

  #countGap(gap: Gap): void {
    this.#countLost(gap.reason, gap.count);
    this.#alarm({ kind: "gap", gap });
  }

  #countLost(reason: string, count: number): void {
    this.#lost.set(reason, (this.#lost.get(reason) ?? 0) + count);
  }

  #alarm(alarm: SegmentAlarm): void {
    this.#options.onAlarm?.(alarm);
  }
}

/** The newest segment, where its writer closed it in order and there is room in it. */
async function reopenLast(
  { folder, maxSegmentBytes, maxSegmentAgeMs, clock = Date.now }: SegmentLogOptions,
  { lastNumber, lastBytes, isClosed }: LogEnd,
): Promise<OldSegment | undefined> {
  if (!isClosed || lastBytes >= (maxSegmentBytes ?? DEFAULT_SEGMENT_BYTES) / 2) return undefined;
  const since = (await readHeader(segmentRef(folder, lastNumber)))?.openedAt;
  if (since === undefined) return undefined;
  if (clock() - since >= (maxSegmentAgeMs ?? DEFAULT_SEGMENT_AGE_MS)) return undefined;
  return { segment: await SegmentFile.reopen(folder, lastNumber, lastBytes), since };
}
