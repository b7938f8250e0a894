import type { HookLog } from "../payload.ts";
import {
  type Delivery,
  DeliveryError,
  type Outbox,
  RETRY_DELAYS_MS,
  type Sender,
} from "./outbox.ts";

/** Calls after a time; disposing the result calls it off. */
export type Later = (delayMs: number, act: () => void) => Disposable;

export interface MemoryOutboxOptions {
  readonly log: HookLog;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Default: timers that keep no process alive. */
  readonly later?: Later | undefined;
  /** Deliveries that wait for their next attempt; one more, and the oldest is given up. Default 1000. */
  readonly maxWaiting?: number | undefined;
}

const DEFAULT_MAX_WAITING = 1000;
/** A receiver that asks for more gets this; a timer cannot wait a month, and would fire at once. */
const LONGEST_WAIT_MS = 24 * 60 * 60 * 1000;

const unrefTimer: Later = (delayMs, act) => {
  const timer = setTimeout(act, delayMs).unref();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
};

/** An outbox that lives as long as its process. */
export class MemoryOutbox implements Outbox {
  readonly #log: HookLog;
  readonly #now: () => number;
  readonly #later: Later;
  readonly #maxWaiting: number;
  readonly #senders = new Map<string, Sender>();
  readonly #gone = new Set<string>();
  readonly #waiting = new Map<Delivery, Disposable>();

  constructor({ log, now, later = unrefTimer, maxWaiting }: MemoryOutboxOptions) {
    this.#log = log;
    this.#now = now;
    this.#later = later;
    this.#maxWaiting = maxWaiting ?? DEFAULT_MAX_WAITING;
  }

  register(destination: string, send: Sender): void {
    this.#senders.set(destination, send);
  }

  async post(delivery: Delivery): Promise<void> {
    await this.#attempt(delivery, 0);
  }

  /** What still waits is given up. */
  [Symbol.dispose](): void {
    for (const timer of this.#waiting.values()) timer[Symbol.dispose]();
    this.#waiting.clear();
  }

  /** Rejects where the attempt failed; the next one is arranged then. */
  async #attempt(delivery: Delivery, retries: number): Promise<void> {
    const { destination } = delivery;
    const send = this.#senders.get(destination);
    if (send === undefined || this.#gone.has(destination)) return;
    try {
      await send(delivery);
    } catch (error) {
      const next = error instanceof DeliveryError ? error.next : "retry";
      if (next === "gone") this.#gone.add(destination);
      if (next === "retry") this.#retry(delivery, retries, error);
      throw error;
    }
  }

  #retry(delivery: Delivery, retries: number, error: unknown): void {
    const delayMs = RETRY_DELAYS_MS[retries];
    if (delayMs === undefined) return this.#giveUp(delivery, "was tried for the last time");
    const notBefore = error instanceof DeliveryError ? (error.notBefore ?? 0) : 0;
    this.#makeRoom();
    const waitMs = Math.min(Math.max(delayMs, notBefore - this.#now()), LONGEST_WAIT_MS);
    const timer = this.#later(waitMs, () => {
      this.#waiting.delete(delivery);
      this.#attempt(delivery, retries + 1).catch((failure: unknown) => {
        this.#log.debug(
          `hook "${delivery.destination}": attempt ${retries + 2} failed: ${failure}`,
        );
      });
    });
    this.#waiting.set(delivery, timer);
  }

  #makeRoom(): void {
    const [oldest] = this.#waiting;
    if (oldest === undefined || this.#waiting.size < this.#maxWaiting) return;
    const [delivery, timer] = oldest;
    timer[Symbol.dispose]();
    this.#waiting.delete(delivery);
    this.#giveUp(delivery, "made room for later ones");
  }

  #giveUp({ destination, id }: Delivery, why: string): void {
    this.#log.warn(`hook "${destination}": message ${id} ${why} and is lost`);
  }
}
