/** Something to be delivered, whole: sending it needs nothing else, now or after a restart. */
export interface Delivery {
  /** Names it at its receiver; the same for each attempt. */
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

/**
 * Delivers at least once, over hours if it must. This one forgets at the end of the process; a durable one
 * keeps deliveries in a file and finds their senders by name.
 */
export interface Outbox extends Disposable {
  register(destination: string, send: Sender): void;
  /**
   * Takes a delivery in and tries it. Rejects where the first attempt failed, for whoever counts failures;
   * the others follow all the same.
   */
  post(delivery: Delivery): Promise<void>;
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
