import { closeRun, endSession } from "./closing.ts";
import type { HookReport, HostStop, LifecycleEvent } from "./events.ts";
import { nextRecordId } from "./identity.ts";
import type { LifecycleRecord } from "./records.ts";
import {
  endModelCall,
  endToolCall,
  markFirstChunk,
  startModelCall,
  startToolCall,
} from "./reduce-call.ts";
import { attemptRun, blockRun, endRun, spawnSubagent, startRun } from "./reduce-run.ts";
import {
  closeSession,
  openSession,
  patchSession,
  receiveMessage,
  waitSession,
} from "./reduce-session.ts";
import { type LifecycleState, lastSignOf, type SessionState } from "./state.ts";
import { type Rules, type Step, touchSession } from "./step.ts";

/**
 * Takes one event into the state and says what happened. No clock, no timer, no I/O: time is what the
 * events and `advance` say, so a replay makes what the live run made. Told twice, an event changes
 * nothing; told late, it is merged while its run is open and counted in `state.lateEvents` after that.
 */
export function reduce(
  state: LifecycleState,
  event: LifecycleEvent,
  rules: Rules,
): LifecycleRecord[] {
  const step: Step = { state, rules, records: [] };
  // A time that is none would make a whole batch of spans unreadable at its receiver.
  if (!Number.isFinite(event.time)) {
    state.lateEvents += 1;
    return step.records;
  }
  if (event.time > state.now) state.now = event.time;
  // The row of an event's type takes that event: the table's type says so, which a look-up cannot.
  const take = takers[event.type] as (step: Step, event: LifecycleEvent) => void;
  take(step, event);
  return step.records;
}

/** A row an event: what takes it in. */
const takers: {
  readonly [T in LifecycleEvent["type"]]: (
    step: Step,
    event: Extract<LifecycleEvent, { readonly type: T }>,
  ) => void;
} = {
  "session.open": openSession,
  "session.close": closeSession,
  "session.patch": patchSession,
  "session.wait": waitSession,
  "run.start": startRun,
  "run.attempt": attemptRun,
  "run.blocked": blockRun,
  "run.end": endRun,
  "model.start": startModelCall,
  "model.first_chunk": markFirstChunk,
  "model.end": endModelCall,
  "tool.start": startToolCall,
  "tool.end": endToolCall,
  "subagent.spawn": spawnSubagent,
  "message.received": receiveMessage,
  "message.sent": receiveMessage,
  "hook.decision": reportHook,
  "hook.failure": reportHook,
  "host.stop": stopHost,
};

/** Lets time pass: closes the runs whose late facts have had their time. */
export function advance(state: LifecycleState, now: number, rules: Rules): LifecycleRecord[] {
  const step: Step = { state, rules, records: [] };
  if (now > state.now) state.now = now;
  for (const run of state.settling) {
    if (run.settleUntil <= now) closeRun(step, run);
  }
  return step.records;
}

function stopHost(step: Step, event: HostStop): void {
  const outcome = event.outcome ?? "cancelled";
  const at = (session: SessionState): number =>
    outcome === "abandoned" ? lastSignOf(session) : event.time;
  for (const run of [...step.state.runs.values()].reverse()) {
    run.end ??= { type: "run.end", runId: run.runId, time: at(run.session), outcome };
    closeRun(step, run);
  }
  for (const session of [...step.state.sessions.values()]) {
    endSession(step, session, at(session), event.reason);
  }
}

function reportHook(step: Step, event: HookReport): void {
  const run = event.runId === undefined ? undefined : step.state.runs.get(event.runId);
  const session = run?.session ?? findSession(step.state, event.sessionKey);
  if (session === undefined) return;
  touchSession(session, event.time);
  step.records.push({
    ...event,
    type: event.type,
    session,
    run,
    id: nextRecordId(session, event.type),
  });
}

/** Also one that was just closed: a handler of its end may fail. */
const findSession = (state: LifecycleState, key: string | undefined): SessionState | undefined =>
  key === undefined ? undefined : (state.sessions.get(key) ?? state.closedSessions.get(key));
