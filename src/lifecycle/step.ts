import { nextRecordId } from "./identity.ts";
import type { LifecycleRecord, PriceCall } from "./records.ts";
import { type LifecycleState, lastSignOf, type RunState, type SessionState } from "./state.ts";

/** Functions that the rules ask. Given once, pure as far as a replay can see. */
export interface Rules {
  readonly price?: PriceCall | undefined;
  /** False: prompts, answers, tool input and output of calls go nowhere, and are not kept. Default true. */
  readonly keepsContent?: boolean | undefined;
}

/** What one step of the reducer works with. */
export interface Step {
  readonly state: LifecycleState;
  readonly rules: Rules;
  readonly records: LifecycleRecord[];
}

/** An open run, or undefined and counted as late. */
export function findRun(step: Step, runId: string): RunState | undefined {
  const run = step.state.runs.get(runId);
  if (run === undefined) step.state.lateEvents += 1;
  return run;
}

export function touchSession(session: SessionState, time: number): void {
  if (time > lastSignOf(session)) session.lastSign = time;
}

export function announceSession(step: Step, session: SessionState, time: number): void {
  step.records.push({
    type: "session.start",
    time,
    session,
    id: nextRecordId(session, "session.start"),
  });
}
