import type { BudgetAction, BudgetUnit } from "../config-actions.ts";
import type { BudgetUse } from "./budget-ledger.ts";

const NANO = 1e9;

interface Unit {
  readonly used: (use: BudgetUse) => number;
  /** A limit in the unit that `used` counts in. */
  readonly toLimit: (limit: number) => number;
  readonly show: (amount: number, limit: number) => string;
  readonly name: string;
}

const count = (amount: number): string => amount.toLocaleString("en-US");

/** A row a kind of limit. */
const units = {
  tokens: { used: (use) => use.tokens, toLimit: (limit) => limit, show: count, name: "tokens" },
  usd: {
    used: (use) => use.nanoUsd,
    toLimit: (limit) => Math.round(limit * NANO),
    // Cents, or hundredths of them where the limit is less than a dollar.
    show: (nanoUsd, limit) => (nanoUsd / NANO).toFixed(limit < NANO ? 4 : 2),
    name: "USD",
  },
  turns: { used: (use) => use.turns, toLimit: (limit) => limit, show: count, name: "turns" },
  consecutiveErrors: {
    used: (use) => use.consecutiveErrors,
    toLimit: (limit) => limit,
    show: count,
    name: "consecutive failed turns",
  },
} as const satisfies Record<BudgetUnit, Unit>;

/** How far one limit of a budget is used up. */
export interface LimitState {
  readonly unit: BudgetUnit;
  /** 1 is all of it. */
  readonly share: number;
  /** Such as `21.40 of 20.00 USD`. */
  readonly text: string;
}

/** Every limit of a budget, the one that is used up most first. */
export function limitStates(budget: BudgetAction, use: BudgetUse): LimitState[] {
  const names = Object.keys(units) as BudgetUnit[];
  const states = names.flatMap((unit): LimitState[] => {
    const given = budget[unit];
    if (given === undefined) return [];
    const { used, toLimit, show, name } = units[unit];
    const [amount, limit] = [used(use), toLimit(given)];
    return [
      {
        unit,
        share: amount / limit,
        text: `${show(amount, limit)} of ${show(limit, limit)} ${name}`,
      },
    ];
  });
  return states.sort((one, other) => other.share - one.share);
}
