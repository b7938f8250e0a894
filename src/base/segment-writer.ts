import { setTimeout as sleep } from "node:timers/promises";
import type { Group, SegmentQueue } from "./segment-queue.ts";
import { isFull, type SegmentSeries } from "./segment-series.ts";

/** When a record is acknowledged. `strict`: it is on disk. `batched`: it will be within 50 ms. */
export type AckMode = "strict" | "batched";

/** Why the disk takes nothing at the moment. */
export type Trouble = "disk_full" | "disk_failed";

export interface SegmentWriterOptions {
  readonly mode: AckMode;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly onTrouble: (trouble: Trouble, cause: unknown) => void;
  readonly onResume: () => void;
  readonly onDurable: () => void;
}

/** Leaves the disk 10 ms of the 50 that mode `batched` promises. */
const BATCH_SYNC_MS = 40;
const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 1000;

/**
 * Brings a queue's groups to disk, one write and one sync at a time, while the queue gathers the next.
 * What is not known to be safe is kept: when its segment had to be given up, it is written again to the
 * next. Whatever the disk does, trying goes on until the log is closed.
 */
export class SegmentWriter {
  readonly #queue: SegmentQueue;
  readonly #series: SegmentSeries;
  readonly #options: SegmentWriterOptions;
  readonly #stop = new AbortController();
  /** Not known to be safe, oldest first; the first `#written` of them stand in the current segment. */
  #unsynced: Group[] = [];
  #written = 0;
  #running: Promise<void> | undefined;
  /** Since when something written waits to be synced. */
  #unsyncedSince = 0;
  #syncTimer: NodeJS.Timeout | undefined;
  #syncNow = false;
  #failures = 0;
  #trouble: Trouble | undefined;
  #lastSyncAt: number | undefined;

  constructor(queue: SegmentQueue, series: SegmentSeries, options: SegmentWriterOptions) {
    this.#queue = queue;
    this.#series = series;
    this.#options = options;
  }

  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  /** Epoch milliseconds; undefined: not yet. */
  get lastSyncAt(): number | undefined {
    return this.#lastSyncAt;
  }

  /** Says that the queue has something. Returns at once. */
  wake(): void {
    this.#running ??= this.#run();
  }

  /** Resolves to true when everything appended so far is safe, and to false at the deadline. */
  async drain(timeoutMs: number): Promise<boolean> {
    const cancel = new AbortController();
    const deadline = sleep(Math.max(0, timeoutMs), true, cancel).catch(() => true);
    this.#syncNow = true;
    this.wake();
    let isLate = false;
    while (!isLate && this.#running !== undefined) {
      isLate = await Promise.race([this.#running.then(() => false), deadline]);
    }
    this.#syncNow = false;
    cancel.abort();
    return !isLate;
  }

  /** Stops, and returns the groups that are not safe. Does not wait: the disk may hang. */
  stop(): readonly Group[] {
    this.#stop.abort();
    clearTimeout(this.#syncTimer);
    const groups = this.#unsynced;
    this.#unsynced = [];
    this.#written = 0;
    for (let group = this.#queue.take(); group !== undefined; group = this.#queue.take()) {
      groups.push(group);
    }
    void Promise.resolve(this.#running)
      .then(() => this.#series.leave())
      .catch(() => {});
    return groups;
  }

  async #run(): Promise<void> {
    // What is appended in the same tick belongs into one group.
    await undefined;
    for (let work = this.#findWork(); work !== undefined; work = this.#findWork()) {
      try {
        await work;
      } catch (error) {
        await this.#endure(error);
      }
    }
    this.#running = undefined;
  }

  /** Starts what is to be done next. Synchronous up to there, so that no `wake` is missed at the end. */
  #findWork(): Promise<void> | undefined {
    if (this.#stop.signal.aborted) return undefined;
    let next = this.#unsynced[this.#written];
    if (next === undefined && this.#isSyncDue()) return this.#sync();
    if (next === undefined) {
      next = this.#queue.take();
      if (next === undefined) return this.#rest();
      if (this.#unsynced.push(next) === 1) this.#unsyncedSince = performance.now();
    }
    // The segment before is left behind only when it is safe.
    if (next.carried !== undefined && this.#written > 0) return this.#sync();
    return this.#write(next);
  }

  #isSyncDue(): boolean {
    if (this.#written === 0) return false;
    if (this.#options.mode === "strict" || this.#syncNow) return true;
    return performance.now() - this.#unsyncedSince >= BATCH_SYNC_MS;
  }

  /** Nothing to do, except for a sync in time. */
  #rest(): undefined {
    if (this.#written === 0) return;
    const dueMs = BATCH_SYNC_MS - (performance.now() - this.#unsyncedSince);
    this.#syncTimer ??= setTimeout(() => {
      this.#syncTimer = undefined;
      this.wake();
    }, dueMs).unref();
  }

  async #write(group: Group): Promise<void> {
    try {
      await this.#series.write(group);
    } catch (error) {
      if (!isFull(error)) this.#written = 0;
      throw error;
    }
    // Stopped meanwhile: somebody else has the group now.
    if (this.#unsynced[this.#written] !== group) return;
    this.#written += 1;
    if (this.#options.mode === "batched") this.#queue.acknowledge(group, true);
  }

  async #sync(): Promise<void> {
    const written = this.#unsynced.slice(0, this.#written);
    try {
      await this.#series.sync();
    } catch (error) {
      this.#written = 0;
      throw error;
    }
    this.#lastSyncAt = this.#options.clock();
    this.#unsyncedSince = performance.now();
    this.#unsynced.splice(0, this.#written);
    this.#written = 0;
    for (const group of written) {
      this.#queue.acknowledge(group, true);
      this.#queue.release(group);
    }
    this.#resume();
    this.#options.onDurable();
  }

  /**
   * Tells of trouble once, then waits: longer each time, and not at all before a first new segment. The
   * wait keeps no process alive: a disk that stays full must not.
   */
  async #endure(error: unknown): Promise<void> {
    // Stopped meanwhile: what was under way is stored by somebody else, and its end means nothing.
    if (this.#stop.signal.aborted) return;
    const trouble: Trouble = isFull(error) ? "disk_full" : "disk_failed";
    if (trouble !== this.#trouble) {
      this.#trouble = trouble;
      this.#queue.trouble = trouble;
      this.#options.onTrouble(trouble, error);
    }
    this.#failures += 1;
    if (trouble === "disk_failed" && this.#failures === 1) return;
    const backoffMs = Math.min(
      MAX_BACKOFF_MS,
      FIRST_BACKOFF_MS * 2 ** Math.min(this.#failures, 10),
    );
    const { signal } = this.#stop;
    await sleep(backoffMs, undefined, { ref: false, signal }).catch(() => {});
  }

  #resume(): void {
    this.#failures = 0;
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#queue.trouble = undefined;
    this.#options.onResume();
  }
}
