/** What was used of one budget. Money is in integer nano-dollars. */
export interface BudgetUse {
  readonly tokens: number;
  readonly nanoUsd: number;
  readonly turns: number;
  /** Failed turns since the last one that did not fail. */
  readonly consecutiveErrors: number;
}

/**
 * Who keeps what was used. A bucket is one budget of one session, agent, project or day, named by a text
 * that is the same after a restart. This part keeps it in memory; a durable one fits in its place.
 */
export interface BudgetLedger {
  read(bucket: string): BudgetUse;
  write(bucket: string, use: BudgetUse): void;
}

const NOTHING: BudgetUse = { tokens: 0, nanoUsd: 0, turns: 0, consecutiveErrors: 0 };
const MAX_BUCKETS = 10_000;

/** Forgets at the end of the process; and past its bound the bucket that was written first. */
export class MemoryLedger implements BudgetLedger {
  readonly #buckets = new Map<string, BudgetUse>();

  read(bucket: string): BudgetUse {
    return this.#buckets.get(bucket) ?? NOTHING;
  }

  write(bucket: string, use: BudgetUse): void {
    const [oldest] = this.#buckets.keys();
    const isNew = !this.#buckets.has(bucket);
    if (isNew && oldest !== undefined && this.#buckets.size >= MAX_BUCKETS) {
      this.#buckets.delete(oldest);
    }
    this.#buckets.set(bucket, use);
  }
}
