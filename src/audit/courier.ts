import { setTimeout as sleep } from "node:timers/promises";
import type { DeadLetter } from "./dead-letters.ts";
import {
  type Answer,
  type Destination,
  judgeAnswer,
  type Rejection,
  type Verdict,
} from "./destination.ts";
import type { OutgoingRecord } from "./otlp-records.ts";

/** All in milliseconds. */
export interface CourierTiming {
  /** For one request. */
  readonly timeoutMs: number;
  readonly firstBackoffMs: number;
  readonly maxBackoffMs: number;
}

export interface CourierOptions {
  readonly destination: Destination;
  readonly timing: CourierTiming;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** Told why records are not taken at the moment; undefined: they are again. */
  readonly onTrouble: (reason: string | undefined) => void;
  /** Ends everything. */
  readonly signal: AbortSignal;
}

/** What became of a batch. */
export interface Receipt {
  readonly delivered: number;
  /** Of those that were sent, how many the receiver did not take. */
  readonly rejected: number;
  readonly letters: readonly DeadLetter[];
}

const MAX_RECORDS = 512;
/** After so many batches at a smaller size a larger one is tried again. */
const BATCHES_BEFORE_GROWTH = 64;
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Takes batches to one destination: again and again, in halves, or to the dead letters, as it answers. */
export class Courier {
  readonly #options: CourierOptions;
  #maxRecords = MAX_RECORDS;
  #batchesSince = 0;
  #failures = 0;
  #isWaiting = false;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** Records of one request, as many as the receiver took before. */
  get maxRecords(): number {
    return this.#maxRecords;
  }

  /** Whether it waits before it tries again. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Resolves when every record is taken or refused for good, however long that takes. Rejects when ended. */
  async deliver(records: readonly OutgoingRecord[]): Promise<Receipt> {
    const body = this.#options.destination.encode(records);
    for (;;) {
      const [verdict, answer] = await this.#try(body);
      if (verdict.kind !== "retry") {
        this.#failures = 0;
        this.#options.onTrouble(undefined);
      }
      switch (verdict.kind) {
        case "delivered":
          this.#grow();
          return this.#receipt(records, answer);
        case "refuse":
          return this.#refuse(records, verdict.reason);
        case "split":
          return this.#split(records, verdict.reason);
        case "retry":
          this.#options.onTrouble(verdict.reason);
          await this.#wait(verdict.afterMs);
      }
    }
  }

  async #try(body: Uint8Array): Promise<readonly [Verdict, Answer | undefined]> {
    const { destination, timing, clock, signal } = this.#options;
    signal.throwIfAborted();
    try {
      const timeout = AbortSignal.timeout(timing.timeoutMs);
      const answer = await destination.post(body, AbortSignal.any([signal, timeout]));
      return [judgeAnswer(answer, clock()), answer];
    } catch (error) {
      signal.throwIfAborted();
      return [{ kind: "retry", afterMs: undefined, reason: describe(error) }, undefined];
    }
  }

  async #wait(afterMs: number | undefined): Promise<void> {
    const { firstBackoffMs, maxBackoffMs } = this.#options.timing;
    const spread = 0.8 + Math.random() * 0.4;
    const backoffMs = firstBackoffMs * 2 ** Math.min(this.#failures, 16) * spread;
    this.#failures += 1;
    this.#isWaiting = true;
    const ms = Math.min(afterMs ?? Math.min(backoffMs, maxBackoffMs), MAX_TIMER_MS);
    try {
      await sleep(ms, undefined, { ref: false, signal: this.#options.signal });
    } finally {
      this.#isWaiting = false;
    }
  }

  /** A batch that is too large goes in halves; later ones are smaller from the beginning. */
  async #split(records: readonly OutgoingRecord[], reason: string): Promise<Receipt> {
    if (records.length === 1) return this.#refuse(records, reason);
    const half = Math.ceil(records.length / 2);
    this.#maxRecords = Math.min(this.#maxRecords, half);
    this.#batchesSince = 0;
    const first = await this.deliver(records.slice(0, half));
    const second = await this.deliver(records.slice(half));
    return {
      delivered: first.delivered + second.delivered,
      rejected: first.rejected + second.rejected,
      letters: [...first.letters, ...second.letters],
    };
  }

  #grow(): void {
    if (this.#maxRecords === MAX_RECORDS) return;
    this.#batchesSince += 1;
    if (this.#batchesSince < BATCHES_BEFORE_GROWTH) return;
    this.#batchesSince = 0;
    this.#maxRecords = Math.min(MAX_RECORDS, this.#maxRecords * 2);
  }

  #refuse(records: readonly OutgoingRecord[], reason: string): Receipt {
    const at = this.#options.clock();
    const letters = records.map((one): DeadLetter => ({ at, kind: "refused", reason, ...one }));
    return { delivered: 0, rejected: 0, letters };
  }

  #receipt(records: readonly OutgoingRecord[], answer: Answer | undefined): Receipt {
    const rejection = this.#readRejection(answer);
    if (rejection === undefined) return { delivered: records.length, rejected: 0, letters: [] };
    const at = this.#options.clock();
    const reason = `${rejection.count} of ${records.length} rejected: ${rejection.message}`;
    return {
      delivered: Math.max(0, records.length - rejection.count),
      rejected: rejection.count,
      // Which ones, no receiver says: all of them are kept.
      letters: records.map((one) => ({ at, kind: "partial", reason, ...one })),
    };
  }

  /** A success whose body says nothing that we can read is a success. */
  #readRejection(answer: Answer | undefined): Rejection | undefined {
    if (answer?.body === undefined || answer.body.byteLength === 0) return undefined;
    try {
      return this.#options.destination.readRejection(answer.body);
    } catch {
      return undefined;
    }
  }
}

function describe(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined || message?.includes(code) ? String(message) : `${code}: ${message}`;
}
