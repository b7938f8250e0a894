import { rm } from "node:fs/promises";
import { isErrno } from "./files.ts";
import { headerText, type SegmentHeader } from "./segment-entry.ts";
import { SegmentFile, writeSegmentSync } from "./segment-file.ts";
import { FrameBuffer } from "./segment-frame.ts";
import type { Group } from "./segment-queue.ts";
import { segmentRef } from "./segment-reader.ts";

/** How far a log is safe on disk. */
export interface DurableEnd {
  readonly segment: number;
  readonly offset: number;
}

export interface SegmentSeriesOptions {
  readonly folder: string;
  /** Who writes. JSON. */
  readonly owner: unknown;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** The end of the newest segment there is. */
  readonly durable: DurableEnd;
  /** Goes on in that segment. */
  readonly segment?: SegmentFile | undefined;
  readonly repaired?: SegmentHeader["repaired"];
  readonly onNewSegment: () => void;
}

const MAX_NUMBER_TRIES = 8;

/**
 * The segments of one writer, of which the newest is written to.
 *
 * A sync that failed is never tried again on the same file: the kernel has marked the lost pages clean, so
 * that a second one would succeed for nothing. Such a segment is given up; the next one says why.
 */
export class SegmentSeries {
  readonly #options: SegmentSeriesOptions;
  #current: SegmentFile | undefined;
  /** The group that made its segment necessary, so that trying again makes no second one. */
  #startedWith: Group | undefined;
  #lastNumber: number;
  #after: SegmentHeader["after"];
  #repaired: SegmentHeader["repaired"];
  #durable: DurableEnd;
  /** Segments that were given up before anything in them was safe. */
  readonly #useless: number[] = [];

  constructor(options: SegmentSeriesOptions) {
    this.#options = options;
    this.#current = options.segment;
    this.#lastNumber = options.durable.segment;
    this.#repaired = options.repaired;
    this.#durable = options.durable;
  }

  get durable(): DurableEnd {
    return this.#durable;
  }

  /**
   * Writes a group to the current segment, or to a new one. After it failed by a full disk the same may
   * be tried again; after any other failure the segment is given up.
   */
  async write(group: Group): Promise<void> {
    try {
      const segment = await this.#segmentFor(group);
      await segment.write(group.frames.bytes);
    } catch (error) {
      if (!isFull(error)) this.#giveUp(error);
      throw error;
    }
  }

  /** Makes what was written safe. After it failed the segment is given up. */
  async sync(): Promise<void> {
    const segment = this.#current;
    if (segment === undefined) return;
    try {
      await segment.sync();
    } catch (error) {
      this.#giveUp(error);
      throw error;
    }
    this.#durable = { segment: segment.number, offset: segment.position };
    this.#after = undefined;
    this.#repaired = undefined;
    if (this.#useless.length > 0) await this.#removeUseless();
  }

  /** Ends the current segment with one more frame; everything in it must be safe. */
  async finish(closing: string): Promise<void> {
    const segment = this.#current;
    if (segment === undefined) return;
    const frame = new FrameBuffer();
    frame.add(closing);
    try {
      await segment.write(frame.bytes);
      await segment.sync();
    } finally {
      await segment.close();
    }
  }

  /** Closes the current segment as it is. */
  async leave(): Promise<void> {
    await this.#current?.close();
  }

  /** Writes groups into a segment of their own, without the event loop. Throws what the file system says. */
  writeNow(groups: readonly Group[]): void {
    const [first] = groups;
    if (first === undefined) return;
    const parts = groups.map(({ frames }) => frames.bytes);
    for (let tries = 1; ; tries += 1) {
      this.#lastNumber += 1;
      const header = this.#headerFor(first, this.#lastNumber);
      try {
        writeSegmentSync(this.#options.folder, this.#lastNumber, header, parts);
        return;
      } catch (error) {
        // What runs in the background may be making a segment at this very moment.
        if (!isErrno(error, "EEXIST") || tries === MAX_NUMBER_TRIES) throw error;
      }
    }
  }

  async #segmentFor(group: Group): Promise<SegmentFile> {
    const isStart = group.carried !== undefined && this.#startedWith !== group;
    if (this.#current !== undefined && !isStart) return this.#current;
    const previous = this.#current;
    const number = this.#lastNumber + 1;
    try {
      const header = this.#headerFor(group, number);
      this.#current = await SegmentFile.create(this.#options.folder, number, header);
    } catch (error) {
      // What an attempt before this one left behind.
      if (isErrno(error, "EEXIST")) this.#lastNumber = number;
      throw error;
    }
    this.#lastNumber = number;
    this.#startedWith = group;
    await previous?.close();
    this.#options.onNewSegment();
    return this.#current;
  }

  #headerFor(group: Group, number: number): string {
    const header: SegmentHeader = {
      version: 1,
      number,
      firstSeq: group.firstSeq,
      openedAt: this.#options.clock(),
      owner: this.#options.owner,
      ...(group.carried !== undefined && { carried: group.carried }),
      ...(this.#after && { after: this.#after }),
      ...(this.#repaired && { repaired: this.#repaired }),
    };
    return headerText(header);
  }

  #giveUp(error: unknown): void {
    const segment = this.#current;
    this.#current = undefined;
    this.#startedWith = undefined;
    if (segment === undefined) return;
    const { number } = segment;
    if (this.#durable.segment !== number) this.#useless.push(number);
    this.#after ??= { segment: number, cause: describe(error) };
    // A file that failed may well fail to close; there is nothing left to do about it.
    void segment.close().catch(() => {});
  }

  /** Everything in them is safe elsewhere by now. A disk that fails again and again would be littered. */
  async #removeUseless(): Promise<void> {
    const { folder } = this.#options;
    const removals = this.#useless.splice(0).map((number) => rm(segmentRef(folder, number).file));
    await Promise.allSettled(removals);
  }
}

export const isFull = (error: unknown): boolean => isErrno(error, "ENOSPC", "EDQUOT");

function describe(error: unknown): string {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return [code, syscall].filter(Boolean).join(" ") || String(error);
}
