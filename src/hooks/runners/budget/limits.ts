import type { BudgetAction, BudgetUnit } from "../../config/actions.ts";
import type { BudgetState, BudgetUse } from "./ledger.ts";

const NANO = 1e9;

interface Unit {
  readonly used: (use: BudgetUse) => number;
  /** A limit in the unit that `used` counts in. */
  readonly toLimit: (limit: number) => number;
  /** An amount as metrics have it. */
  readonly toShown: (amount: number) => number;
  readonly show: (amount: number, limit: number) => string;
  readonly name: string;
}

const asIs = (amount: number): number => amount;
const count = (amount: number): string => amount.toLocaleString("en-US");

/** A row a kind of limit. */
export const budgetUnits = {
  tokens: {
    used: (use) => use.tokens,
    ...{ toLimit: asIs, toShown: asIs, show: count, name: "tokens" },
  },
  usd: {
    used: (use) => use.nanoUsd,
    toLimit: (limit) => Math.round(limit * NANO),
    toShown: (nanoUsd) => nanoUsd / NANO,
    // Cents, or hundredths of them where the limit is less than a dollar.
    show: (nanoUsd, limit) => (nanoUsd / NANO).toFixed(limit < NANO ? 4 : 2),
    name: "USD",
  },
  turns: {
    used: (use) => use.turns,
    ...{ toLimit: asIs, toShown: asIs, show: count, name: "turns" },
  },
  consecutiveErrors: {
    used: (use) => use.consecutiveErrors,
    ...{ toLimit: asIs, toShown: asIs, show: count, name: "consecutive failed turns" },
  },
} as const satisfies Record<BudgetUnit, Unit>;

export const budgetUnitNames = Object.keys(budgetUnits) as BudgetUnit[];

/** How far one limit of a budget is used up. */
export interface LimitState {
  readonly unit: BudgetUnit;
  /** In the unit that is counted in: money in nano-dollars. */
  readonly used: number;
  /** What was granted beside it included. */
  readonly limit: number;
  /** 1 is all of it. */
  readonly share: number;
  /** Such as `21.40 of 20.00 USD`. */
  readonly text: string;
}

/** Every limit of a budget, the one that is used up most first. */
export function limitStates(budget: BudgetAction, { use, extra }: BudgetState): LimitState[] {
  const states = budgetUnitNames.flatMap((unit): LimitState[] => {
    const given = budget[unit];
    if (given === undefined) return [];
    const { used: usedOf, toLimit, show, name } = budgetUnits[unit];
    const [used, limit] = [usedOf(use), toLimit(given) + (extra[unit] ?? 0)];
    const text = `${show(used, limit)} of ${show(limit, limit)} ${name}`;
    return [{ unit, used, limit, share: used / limit, text }];
  });
  return states.sort((one, other) => other.share - one.share);
}
