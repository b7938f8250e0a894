import { setTimeout as sleep } from "node:timers/promises";
import type { Damage } from "../base/segment-reader.ts";
import type { DurableEnd } from "../base/segment-series.ts";
import { type Batch, BatchReader } from "./batch-reader.ts";
import { Courier, type CourierTiming, type Receipt } from "./courier.ts";
import { type DeadLetter, writeDeadLetters } from "./dead-letters.ts";
import { type DeliveryCursor, readCursor, writeCursor } from "./delivery-cursor.ts";
import type { Destination } from "./destination.ts";

export interface DeliveryOptions {
  /** The log's folder, and its name. */
  readonly folder: string;
  readonly writer: string;
  readonly destination: Destination;
  /** How far the log is safe, and may be read. */
  readonly durable: () => DurableEnd;
  /** Told each time that another reason keeps records from being delivered; undefined: none does any more. */
  readonly onTrouble?: ((reason: string | undefined) => void) | undefined;
  /** Epoch milliseconds. */
  readonly clock?: (() => number) | undefined;
  readonly timing?: Partial<DeliveryTiming> | undefined;
}

/** All in milliseconds. */
export interface DeliveryTiming extends CourierTiming {
  /** How long a record waits for others to go with it. */
  readonly lingerMs: number;
}

const DEFAULT_TIMING: DeliveryTiming = {
  lingerMs: 200,
  timeoutMs: 10_000,
  firstBackoffMs: 1000,
  maxBackoffMs: 30_000,
};

/** How delivery to one destination is doing. */
export interface DeliveryStatus {
  readonly destination: string;
  readonly url: string;
  /** Sequence of the first record that is not dealt with. */
  readonly nextSeq: number;
  readonly delivered: number;
  readonly deadLetters: number;
  readonly rejected: number;
  /** Epoch milliseconds; 0: never. */
  readonly deliveredAt: number;
  /** Why the next record is not delivered at the moment. */
  readonly trouble: string | undefined;
}

const MAX_BYTES = 1024 * 1024;
const DISK_BACKOFF_MS = 1000;
const POLL_MS = 20;

/**
 * Delivers one log to one destination, in order, at least once, for as long as it takes: a receiver that
 * is away is tried until it is back or delivery is stopped. What it refuses for good is kept as dead
 * letters. The cursor moves after each batch, so that a crash repeats one batch at most.
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #timing: DeliveryTiming;
  readonly #reader: BatchReader;
  readonly #courier: Courier;
  readonly #stop = new AbortController();
  #hurry = new AbortController();
  #cursor: DeliveryCursor;
  #running: Promise<void> | undefined;
  #isWanted = false;
  #trouble: string | undefined;

  private constructor(options: DeliveryOptions, cursor: DeliveryCursor) {
    const { folder, writer, destination, clock = Date.now } = options;
    this.#options = options;
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
    this.#cursor = cursor;
    this.#reader = new BatchReader(folder, writer, cursor);
    this.#courier = new Courier({
      destination,
      clock,
      timing: this.#timing,
      signal: this.#stop.signal,
      onTrouble: (reason) => this.#setTrouble(reason),
    });
  }

  /** Goes on where the destination's cursor stands; a new destination gets the log from its beginning. */
  static async open(options: DeliveryOptions): Promise<Delivery> {
    const { folder, destination } = options;
    const cursor = await readCursor(folder, destination.name);
    // So that what waits for it is seen from outside before it ever got anything.
    if (cursor.seq === 0) await writeCursor(folder, destination.name, cursor).catch(() => {});
    const delivery = new Delivery(options, cursor);
    delivery.wake();
    return delivery;
  }

  /** Sequence of the first record that is not dealt with: this one and all after it are still needed. */
  get nextSeq(): number {
    return this.#cursor.seq;
  }

  /** Everything that was there when it was last looked is dealt with. */
  get isIdle(): boolean {
    return this.#running === undefined;
  }

  /** Says that the log has more. Returns at once. */
  wake(): void {
    this.#isWanted = true;
    if (!this.#stop.signal.aborted) this.#running ??= this.#run();
  }

  status(): DeliveryStatus {
    const { seq, delivered, deadLetters, rejected, deliveredAt } = this.#cursor;
    const { name, url } = this.#options.destination;
    return {
      ...{ destination: name, url, nextSeq: seq, delivered, deadLetters, rejected, deliveredAt },
      trouble: this.#trouble,
    };
  }

  /**
   * Resolves to true when everything that is safe now is dealt with; to false at the deadline, or as soon
   * as the destination makes us wait.
   */
  async drain(timeoutMs: number): Promise<boolean> {
    const cancel = new AbortController();
    const deadline = sleep(Math.max(0, timeoutMs), true, { signal: cancel.signal }).catch(
      () => true,
    );
    this.wake();
    this.#hurry.abort();
    let isLate = false;
    while (!isLate && this.#running !== undefined && !this.#courier.isWaiting) {
      const soon = sleep(POLL_MS, false, { signal: cancel.signal }).catch(() => false);
      isLate = await Promise.race([this.#running.then(() => false), deadline, soon]);
    }
    cancel.abort();
    return this.#running === undefined;
  }

  /** Ends delivery; what is under way is given up, and comes again from the cursor. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    this.#hurry = new AbortController();
    await pause(this.#timing.lingerMs, AbortSignal.any([signal, this.#hurry.signal]));
    try {
      while (this.#isWanted) {
        this.#isWanted = false;
        await this.#deliverAll();
      }
    } catch (error) {
      // Nothing but being stopped ends a delivery.
      if (!signal.aborted) this.#setTrouble(String(error));
    }
    this.#running = undefined;
  }

  async #deliverAll(): Promise<void> {
    for (;;) {
      const limits = { maxRecords: this.#courier.maxRecords, maxBytes: MAX_BYTES };
      const { durable } = this.#options;
      const batch = await this.#insist(() => this.#reader.next(limits, durable()));
      if (batch === undefined) return;
      await this.#deliverBatch(batch);
    }
  }

  async #deliverBatch({ records, damage, next }: Batch): Promise<void> {
    const { folder, destination, clock = Date.now } = this.#options;
    const receipt = records.length === 0 ? NOTHING : await this.#courier.deliver(records);
    const letters = [...damage.map((found) => damageLetter(found, clock())), ...receipt.letters];
    if (letters.length > 0) {
      await this.#insist(() => writeDeadLetters(folder, destination.name, letters));
    }
    const refused = letters.filter(({ kind }) => kind !== "partial").length;
    this.#cursor = {
      ...this.#cursor,
      ...next,
      delivered: this.#cursor.delivered + receipt.delivered,
      deadLetters: this.#cursor.deadLetters + refused,
      rejected: this.#cursor.rejected + receipt.rejected,
      deliveredAt: receipt.delivered > 0 ? clock() : this.#cursor.deliveredAt,
    };
    if (records.length === 0 && letters.length === 0) return;
    await this.#insist(() => writeCursor(folder, destination.name, this.#cursor));
  }

  /** Does something with the disk, again and again until it succeeds. */
  async #insist<T>(act: () => Promise<T>): Promise<T> {
    const { signal } = this.#stop;
    for (;;) {
      signal.throwIfAborted();
      try {
        return await act();
      } catch (error) {
        this.#setTrouble(error instanceof Error ? error.message : String(error));
        await pause(DISK_BACKOFF_MS, signal);
      }
    }
  }

  #setTrouble(reason: string | undefined): void {
    if (reason === this.#trouble) return;
    this.#trouble = reason;
    this.#options.onTrouble?.(reason);
  }
}

const NOTHING: Receipt = { delivered: 0, rejected: 0, letters: [] };

const damageLetter = (damage: Damage, at: number): DeadLetter => ({
  at,
  kind: "damaged",
  reason: `segment ${damage.segment}, bytes ${damage.offset} to ${damage.end}, cannot be read`,
  damage,
});

/** Waits, or less long when the signal ends it. Keeps no process alive. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { ref: false, signal }).catch(() => {});
}
