import { hash } from "node:crypto";

/** Something to be delivered, whole: sending it needs nothing else, now or after a restart. */
export interface Delivery {
  /** Names it at its receiver; the same for each attempt, and nobody else's. */
  readonly id: string;
  /** Who sends it: the name that a sender was registered under. */
  readonly destination: string;
  readonly body: string;
}

/** Tries once. Throws where that failed: a `DeliveryError` says what to do then. */
export type Sender = (delivery: Delivery) => Promise<void>;

/** A failed attempt. Other errors are followed by the next attempt, too. */
export class DeliveryError extends Error {
  override readonly name = "DeliveryError";
  /** `drop`: another attempt would fail too. `gone`: the receiver wants nothing any more, this or later. */
  readonly next: "retry" | "drop" | "gone";
  /** Epoch milliseconds before which the receiver wants no other attempt. */
  readonly notBefore: number | undefined;

  constructor(
    message: string,
    {
      next = "retry",
      notBefore,
    }: { next?: "retry" | "drop" | "gone"; notBefore?: number | undefined } = {},
  ) {
    super(message);
    this.next = next;
    this.notBefore = notBefore;
  }
}

/** Delivers at least once, over hours if it must, and after a restart. Disposing it stops at once. */
export interface Outbox extends Disposable {
  /** Names who sends what goes to a destination. Before `resume`. */
  register(destination: string, send: Sender): void;
  /**
   * Takes a delivery in and tries it. Rejects where the first attempt failed, for whoever counts failures;
   * the others follow all the same.
   */
  post(delivery: Delivery): Promise<void>;
  /** Takes a delivery in for the next start: this process has no time left to try it. */
  leave(delivery: Delivery): void;
  /** Goes on with what earlier processes left for the destinations that are registered. Never rejects. */
  resume(): Promise<void>;
  /** Resolves when no attempt is under way, at the latest after `timeoutMs`. */
  settled(timeoutMs: number): Promise<void>;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** When the attempts after the first come, counted from the one before: the schedule that Standard Webhooks publishes. */
export const RETRY_DELAYS_MS = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const;

/**
 * A destination's name that is the same after a restart, and another one where the entry leads elsewhere
 * since: what was meant for one receiver must not reach the next one.
 */
export const destinationOf = (entryId: string, goal: unknown): string =>
  `${entryId} ${hash("sha256", JSON.stringify(goal), "hex").slice(0, 12)}`;
