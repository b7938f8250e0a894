import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import { suppressTracing } from "@opentelemetry/core";
import { failAfter } from "./deadline.ts";
import type { DropReason } from "./drop-counts.ts";

export interface BatchLimits {
  /** Items that wait; those in flight (at most 8 batches) come on top. Beyond, new ones are dropped. */
  readonly maxQueueSize: number;
  readonly maxBatchSize: number;
  /** How long an incomplete batch waits. */
  readonly delayMs: number;
  /** After this a batch counts as lost, whatever becomes of it. */
  readonly exportTimeoutMs: number;
}

export interface BatchQueueOptions<Item> extends BatchLimits {
  /** Hands a batch on; rejects where it did not arrive. */
  readonly send: (batch: Item[]) => Promise<void>;
  readonly onDrop: (count: number, reason: DropReason, cause?: unknown) => void;
  /** Batches in flight at a time. Default 8; 1 keeps the order. */
  readonly concurrency?: number;
}

/** Under OTLP's own limit of 30: beyond it the SDK's exporters drop batches instead of making them wait. */
const DEFAULT_CONCURRENCY = 8;
const EXPORT_CONTEXT = suppressTracing(ROOT_CONTEXT);

/**
 * A bounded queue that sends in batches and accounts for every item: what is added is sent, or `onDrop`
 * hears of it. The SDK's own batch processors are not used because of what was measured in them: a flush
 * that does not wait for the batch in flight, more than 30 batches at once being dropped, log records
 * lost between a flush and a shutdown, and full queues that nobody is told of.
 */
export class BatchQueue<Item> {
  readonly #options: BatchQueueOptions<Item>;
  readonly #concurrency: number;
  #waiting: Item[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  #accepted = 0;
  #taken = 0;
  /** Up to this many, items leave in batches that are not full. */
  #urgent = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #aborted = false;

  constructor(options: BatchQueueOptions<Item>) {
    this.#options = options;
    this.#concurrency = options.concurrency ?? DEFAULT_CONCURRENCY;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Whether anything waits or is in flight. */
  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#inFlight.size === 0;
  }

  add(item: Item): void {
    if (this.#closed) {
      this.#options.onDrop(1, "shutdown");
      return;
    }
    if (this.#waiting.length >= this.#options.maxQueueSize) {
      this.#options.onDrop(1, "queue_full");
      return;
    }
    this.#waiting.push(item);
    this.#accepted += 1;
    if (this.#waiting.length >= this.#options.maxBatchSize) this.#pump();
    else this.#startTimer();
  }

  /** Resolves when everything added before has arrived or is counted as lost. Never rejects. */
  async flush(): Promise<void> {
    const goal = this.#accepted;
    this.#urgent = goal;
    this.#pump();
    while (this.#taken < goal) await Promise.race(this.#inFlight);
    await Promise.all(this.#inFlight);
  }

  /** Flushes; what is added from now on is dropped, and counted. */
  close(): Promise<void> {
    this.#closed = true;
    return this.flush();
  }

  /** Gives up: what waits is dropped, what is in flight is when its sender gives up, too. */
  abort(): void {
    this.#closed = true;
    this.#aborted = true;
    const left = this.#waiting.length;
    this.#waiting = [];
    this.#taken += left;
    if (left > 0) this.#options.onDrop(left, "shutdown");
    this.#stopTimer();
  }

  #pump(): void {
    while (this.#inFlight.size < this.#concurrency && this.#isDue()) this.#sendNext();
    if (this.#waiting.length === 0) this.#stopTimer();
    else this.#startTimer();
  }

  #isDue(): boolean {
    const { length } = this.#waiting;
    return length >= this.#options.maxBatchSize || (length > 0 && this.#taken < this.#urgent);
  }

  #sendNext(): void {
    const batch = this.#waiting.splice(0, this.#options.maxBatchSize);
    this.#taken += batch.length;
    const done = this.#deliver(batch).then(() => {
      this.#inFlight.delete(done);
      this.#pump();
    });
    this.#inFlight.add(done);
  }

  async #deliver(batch: Item[]): Promise<void> {
    const { send, onDrop, exportTimeoutMs } = this.#options;
    try {
      await failAfter(exportTimeoutMs, context.with(EXPORT_CONTEXT, send, undefined, batch));
    } catch (error) {
      onDrop(batch.length, this.#aborted ? "shutdown" : "export_failed", error);
    }
  }

  #startTimer(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#urgent = this.#accepted;
      this.#pump();
    }, this.#options.delayMs);
    this.#timer.unref();
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
