import type { GuardAnswer } from "../entry.ts";

/** Says whether a run may go on (time in epoch ms). */
export type CheckRun = (runId: string, time: number) => GuardAnswer | undefined;

/** All budgets of a config, for hosts that can stop a run between two tool calls. */
export class BudgetChecks {
  readonly #checks = new Set<CheckRun>();

  add(check: CheckRun): Disposable {
    this.#checks.add(check);
    return { [Symbol.dispose]: () => this.#checks.delete(check) };
  }

  /** The first refusal, if any. */
  check(runId: string, time: number): GuardAnswer | undefined {
    for (const check of this.#checks) {
      const refusal = check(runId, time);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }
}
