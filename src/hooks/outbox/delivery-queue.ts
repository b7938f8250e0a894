import type { HookLog } from "../payload.ts";
import {
  type Delivery,
  DeliveryError,
  type Outbox,
  RETRY_DELAYS_MS,
  type Sender,
} from "./outbox.ts";

/** A delivery that is not through yet. */
export interface Pending extends Delivery {
  /** Epoch milliseconds. */
  readonly postedAt: number;
  /** Attempts that failed. */
  readonly failed: number;
  /** Next attempt, epoch milliseconds. */
  readonly dueAt: number;
}

/** Where a queue writes down what it does, so that another process can go on. Nothing of it throws. */
export interface DeliveryJournal extends Disposable {
  /** A delivery came in. Resolves when it is safe, or when the disk has been waited for long enough. */
  add(pending: Pending): Promise<void>;
  /** An attempt failed, and another one follows. */
  change(pending: Pending): void;
  /** It is through, or given up. */
  remove(id: string): void;
  /** Hands over what earlier processes left, where `isWanted`; it stays written down. */
  takeLeft(isWanted: (left: Pending) => boolean): Promise<readonly Pending[]>;
}

/** Calls after a time; disposing the result calls it off. */
export type Later = (delayMs: number, act: () => void) => Disposable;

export interface DeliveryQueueOptions {
  readonly log: HookLog;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Default: none, and what waits is lost with the process. */
  readonly journal?: DeliveryJournal | undefined;
  /** Default: timers that keep no process alive. */
  readonly later?: Later | undefined;
  /** Deliveries that wait for their next attempt; one more, and the oldest is given up. Default 1000. */
  readonly maxWaiting?: number | undefined;
}

const DEFAULT_MAX_WAITING = 1000;
/** A receiver that asks for more gets this; a timer cannot wait a month, and would fire at once. */
const LONGEST_WAIT_MS = 24 * 60 * 60 * 1000;
/** What was left is sent one after the other, and not a thousand requests at the start. */
const BETWEEN_LEFT_MS = 20;

const unrefTimer: Later = (delayMs, act) => {
  const timer = setTimeout(act, delayMs).unref();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
};

/** Tries deliveries until they are through, and keeps them in a journal meanwhile, if it has one. */
export class DeliveryQueue implements Outbox {
  readonly #log: HookLog;
  readonly #now: () => number;
  readonly #later: Later;
  readonly #journal: DeliveryJournal | undefined;
  readonly #maxWaiting: number;
  readonly #senders = new Map<string, Sender>();
  readonly #gone = new Set<string>();
  /** Timers of those that wait, the oldest first. */
  readonly #waiting = new Map<Pending, Disposable>();
  readonly #underWay = new Set<Promise<void>>();
  /** Ids of those that wait or are under way. */
  readonly #ids = new Set<string>();
  #isDisposed = false;

  constructor(options: DeliveryQueueOptions) {
    const { log, now, journal, later = unrefTimer, maxWaiting = DEFAULT_MAX_WAITING } = options;
    this.#log = log;
    this.#now = now;
    this.#journal = journal;
    this.#later = later;
    this.#maxWaiting = maxWaiting;
  }

  register(destination: string, send: Sender): void {
    this.#senders.set(destination, send);
  }

  async post(delivery: Delivery): Promise<void> {
    // Told again: it is on its way.
    if (this.#ids.has(delivery.id) || this.#gone.has(delivery.destination)) return;
    const pending = this.#begin(delivery);
    const stored = this.#journal?.add(pending);
    await this.#watch(this.#attempt(pending, stored));
  }

  leave(delivery: Delivery): void {
    if (this.#journal === undefined) this.#tellLost(delivery, "was not done in time");
    else void this.#journal.add(this.#begin(delivery));
  }

  async resume(): Promise<void> {
    if (this.#journal === undefined) return;
    const isWanted = ({ id, destination }: Pending): boolean =>
      this.#senders.has(destination) && !this.#ids.has(id);
    const left = await this.#journal.takeLeft(isWanted);
    for (const [index, pending] of left.entries()) {
      if (this.#ids.has(pending.id)) continue;
      this.#ids.add(pending.id);
      // Counted now: one that takes its process down with it is not tried for ever.
      const counted = { ...pending, failed: pending.failed + 1 };
      this.#journal.change(counted);
      this.#wait(counted, pending.dueAt - this.#now() + index * BETWEEN_LEFT_MS);
    }
  }

  async settled(timeoutMs: number): Promise<void> {
    if (this.#underWay.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    // Not unref'ed: who waits for this at exit would be cut off with nothing else left to do.
    const timer = setTimeout(resolve, timeoutMs);
    await Promise.race([Promise.allSettled(this.#underWay), promise]);
    clearTimeout(timer);
  }

  /** What still waits is left to the journal. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    for (const timer of this.#waiting.values()) timer[Symbol.dispose]();
    this.#waiting.clear();
    this.#journal?.[Symbol.dispose]();
  }

  #begin({ id, destination, body }: Delivery): Pending {
    const now = this.#now();
    this.#ids.add(id);
    return { id, destination, body, postedAt: now, failed: 0, dueAt: now };
  }

  async #watch(attempt: Promise<void>): Promise<void> {
    this.#underWay.add(attempt);
    try {
      await attempt;
    } finally {
      this.#underWay.delete(attempt);
    }
  }

  /**
   * Rejects where it failed; the next attempt is arranged then. What is not yet `stored` is not sent: with
   * its process it would be gone, and nobody would know whether it had arrived.
   */
  async #attempt(pending: Pending, stored?: Promise<void>): Promise<void> {
    await stored;
    if (this.#isDisposed) return;
    const send = this.#senders.get(pending.destination);
    if (send === undefined || this.#gone.has(pending.destination)) return this.#end(pending);
    try {
      await send(pending);
      this.#end(pending);
    } catch (error) {
      const next = error instanceof DeliveryError ? error.next : "retry";
      if (next === "gone") this.#gone.add(pending.destination);
      if (next === "retry") this.#retry(pending, error);
      else this.#end(pending);
      throw error;
    }
  }

  #end({ id }: Pending): void {
    this.#ids.delete(id);
    this.#journal?.remove(id);
  }

  #retry(pending: Pending, error: unknown): void {
    const delayMs = RETRY_DELAYS_MS[pending.failed];
    if (delayMs === undefined) return this.#giveUp(pending, "was tried for the last time");
    const notBefore = error instanceof DeliveryError ? (error.notBefore ?? 0) : 0;
    const waitMs = Math.min(Math.max(delayMs, notBefore - this.#now()), LONGEST_WAIT_MS);
    const later = { ...pending, failed: pending.failed + 1, dueAt: this.#now() + waitMs };
    this.#journal?.change(later);
    this.#wait(later, waitMs);
  }

  #wait(pending: Pending, waitMs: number): void {
    this.#makeRoom();
    const timer = this.#later(Math.max(0, waitMs), () => {
      this.#waiting.delete(pending);
      this.#watch(this.#attempt(pending)).catch((failure: unknown) => {
        this.#log.debug(
          `hook "${pending.destination}": attempt ${pending.failed + 1} failed: ${failure}`,
        );
      });
    });
    this.#waiting.set(pending, timer);
  }

  #makeRoom(): void {
    const [oldest] = this.#waiting;
    if (oldest === undefined || this.#waiting.size < this.#maxWaiting) return;
    const [pending, timer] = oldest;
    timer[Symbol.dispose]();
    this.#waiting.delete(pending);
    this.#giveUp(pending, "made room for later ones");
  }

  #giveUp(pending: Pending, why: string): void {
    this.#end(pending);
    this.#tellLost(pending, why);
  }

  #tellLost({ destination, id }: Delivery, why: string): void {
    this.#log.warn(`hook "${destination}": message ${id} ${why} and is lost`);
  }
}
