import { RecentMap } from "../../../base/recent-map.ts";
import type { BudgetAction, BudgetUnit } from "../../config/actions.ts";

/** What was used of one budget. Money is in integer nano-dollars. */
export interface BudgetUse {
  readonly tokens: number;
  readonly nanoUsd: number;
  readonly turns: number;
  /** Failed turns since the last one that did not fail. */
  readonly consecutiveErrors: number;
}

/** What is added; failures in a row can also be over. */
export type UseChange = Partial<Omit<BudgetUse, "consecutiveErrors">> & {
  readonly consecutiveErrors?: 1 | "none";
};

/** What was granted beside a limit; `usd` in integer nano-dollars, as it is used. */
export type Extra = Readonly<Partial<Record<BudgetUnit, number>>>;

export interface BudgetState {
  readonly use: BudgetUse;
  readonly extra: Extra;
}

/** One budget of one session, agent, project or day. */
export interface Bucket {
  /** The entry's id: the same after a restart. */
  readonly budget: string;
  /** Whose: such as `agent main, day 2026-11-21`. */
  readonly owner: string;
}

/** A budget as its config has it, for those who look at a ledger without that config. */
export interface AnnouncedBudget extends BudgetAction {
  readonly id: string;
  readonly name: string;
  /** The config's file. */
  readonly source: string;
}

/**
 * Who keeps what was used. Times are epoch milliseconds. What it throws is a failure of the budget that
 * asked, which is open or closed as its entry says.
 */
export interface BudgetLedger {
  announce(budget: AnnouncedBudget, time: number): void;
  read(bucket: Bucket, time: number): BudgetState;
  /** Adds to what was used, and says what that comes to. */
  change(bucket: Bucket, change: UseChange, time: number): BudgetState;
  /** Keeps others, in other processes too, from changing anything in between. */
  atomically<T>(act: () => T): T;
}

export const NOTHING_USED: BudgetUse = { tokens: 0, nanoUsd: 0, turns: 0, consecutiveErrors: 0 };
const MAX_BUCKETS = 10_000;

/** Forgets at the end of the process; and past its bound the buckets that changed longest ago. */
export class MemoryLedger implements BudgetLedger {
  readonly #buckets = new RecentMap<string, BudgetUse>(MAX_BUCKETS);

  announce(): void {
    // Nobody else can look at it.
  }

  read(bucket: Bucket): BudgetState {
    return { use: this.#buckets.get(keyOf(bucket)) ?? NOTHING_USED, extra: {} };
  }

  change(bucket: Bucket, change: UseChange): BudgetState {
    const use = addChange(this.read(bucket).use, change);
    this.#buckets.set(keyOf(bucket), use);
    return { use, extra: {} };
  }

  atomically<T>(act: () => T): T {
    return act();
  }
}

const keyOf = ({ budget, owner }: Bucket): string => `${budget}: ${owner}`;

function addChange(use: BudgetUse, change: UseChange): BudgetUse {
  const { tokens = 0, nanoUsd = 0, turns = 0, consecutiveErrors = 0 } = change;
  return {
    tokens: use.tokens + tokens,
    nanoUsd: use.nanoUsd + nanoUsd,
    turns: use.turns + turns,
    consecutiveErrors: consecutiveErrors === "none" ? 0 : use.consecutiveErrors + consecutiveErrors,
  };
}
