import type { BudgetUnit } from "../../config/actions.ts";
import type { GuardAnswer } from "../../entry.ts";

/** How full a budget is, for metrics. */
export interface BudgetLevel {
  /** The entry's name. */
  readonly name: string;
  readonly unit: BudgetUnit;
  /** Of a budget that each agent has for itself. */
  readonly agentId: string | undefined;
  /** Tokens, dollars, turns. */
  readonly used: number;
  readonly limit: number;
}

/** One budget at work. Times are epoch milliseconds. */
export interface BudgetCheck {
  /** Says whether a run may go on. */
  readonly checkRun: (runId: string, time: number) => GuardAnswer | undefined;
  readonly levels: (time: number) => readonly BudgetLevel[];
}

/** All budgets of a config, for hosts that can stop a run between two tool calls. */
export class BudgetChecks {
  readonly #checks = new Set<BudgetCheck>();

  add(check: BudgetCheck): Disposable {
    this.#checks.add(check);
    return { [Symbol.dispose]: () => this.#checks.delete(check) };
  }

  /** The first refusal, if any (time in epoch milliseconds). */
  check(runId: string, time: number): GuardAnswer | undefined {
    for (const { checkRun } of this.#checks) {
      const refusal = checkRun(runId, time);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** Budgets of days and agents; those of a session or a project would be a time series for each. */
  levels(time: number): readonly BudgetLevel[] {
    return [...this.#checks].flatMap(({ levels }) => levels(time));
  }
}
