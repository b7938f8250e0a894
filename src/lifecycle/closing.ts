import { ERROR_TYPE_VALUE_OTHER } from "../semconv/gen-ai.ts";
import type { Outcome, RunEnd } from "./events.ts";
import { shownText } from "./free-text.ts";
import { nextRecordId } from "./identity.ts";
import { finishOpenCalls } from "./rest-of-run.ts";
import {
  isCompaction,
  type LifecycleState,
  latestOf,
  type RunState,
  type SessionState,
  whoOf,
} from "./state.ts";
import { announceSession, type Step, touchSession } from "./step.ts";

const MAX_CLOSED_SESSIONS = 4096;
const FORGET_AT_ONCE = 512;

/** Closes a run with what is known of its end, and all its calls with it. */
export function closeRun(step: Step, run: RunState): void {
  if (run.closed) return;
  run.closed = true;
  const { state } = step;
  state.settling.delete(run);
  state.runs.delete(run.runId);
  const end = run.end;
  run.outcome = run.block === undefined ? (end?.outcome ?? "cancelled") : "blocked";
  run.endTime = Math.max(run.startTime, end?.time ?? state.now);
  const isPaidLater = finishOpenCalls(step, run);
  rememberRun(state, run.runId, isPaidLater ? run : undefined);
  settleEnd(run, end);
  const { session } = run;
  session.runs?.splice(session.runs.indexOf(run), 1);
  if (session.runs?.length === 0) session.runs = undefined;
  touchSession(session, run.endTime);
  recordEnd(step, run, run.outcome);
  if (session.parent !== undefined && session.runs === undefined) {
    endSession(step, session, run.endTime, "turn");
  }
  if (session.details?.endsWith === "turn" && !isCompaction(run))
    endSession(step, session, run.endTime, "turn");
}

function settleEnd(run: RunState, end: RunEnd | undefined): void {
  const bad = run.outcome === "failed" || run.outcome === "abandoned";
  if (bad) {
    run.error = shownText(end?.error ?? (run.outcome === "abandoned" ? "process died" : "failed"));
    run.errorType =
      run.outcome === "abandoned"
        ? "abandoned"
        : shownText(end?.errorType ?? ERROR_TYPE_VALUE_OTHER);
  }
  run.stopReason = bad ? "error" : end?.stopReason;
  run.lastMessage = end?.lastMessage;
  // A turn that is closed later may have ended earlier.
  const { session } = run;
  if (run.kind !== "turn" || isCompaction(run)) return;
  if (run.endTime < (session.latest?.turnEnd ?? session.openedAt)) return;
  const latest = latestOf(session);
  latest.turnEnd = run.endTime;
  latest.message = run.lastMessage ?? latest.message;
  const good = run.outcome === "completed" ? run.stopReason : undefined;
  session.stopReason = bad ? "error" : (good ?? "stop");
}

function recordEnd(step: Step, run: RunState, outcome: Outcome): void {
  const { session, endTime: time } = run;
  const durationMs = Math.max(0, time - run.startTime);
  const about = { time, session, run, outcome, durationMs };
  if (run.kind === "turn") {
    step.records.push({ ...about, type: "run.end", id: nextRecordId(session, "run.end") });
    return;
  }
  step.records.push({ ...about, type: "run.end", id: "" });
  const type = outcome === "cancelled" ? "subagent.killed" : "subagent.finished";
  step.records.push({ ...about, type, id: nextRecordId(session, type) });
}

/** `run`: where what comes about it is still of use. */
export function rememberRun(
  { closedRuns }: LifecycleState,
  runId: string,
  run: RunState | undefined,
): void {
  closedRuns.set(runId, run);
}

/** Many at a time: a look for the oldest of a map passes the places of all that were deleted before. */
function forgetOldest(remembered: Map<string, unknown>): void {
  let left = FORGET_AT_ONCE;
  for (const key of remembered.keys()) {
    remembered.delete(key);
    left -= 1;
    if (left === 0) return;
  }
}

/** Ends a session: its open runs first, as cancelled unless they already said how they ended. */
export function endSession(step: Step, session: SessionState, time: number, reason: string): void {
  if (session.closed) return;
  for (const run of [...(session.runs ?? [])]) {
    run.end ??= { type: "run.end", runId: run.runId, time, outcome: "cancelled" };
    closeRun(step, run);
  }
  if (session.closed) return;
  session.closed = true;
  for (const child of [...(session.children ?? [])]) promoteSession(step, child, time);
  touchSession(session, time);
  const { state } = step;
  if (state.sessions.get(session.sessionKey) === session) state.sessions.delete(session.sessionKey);
  if (session.parent === undefined) recordSessionEnd(step, session, time, reason);
  else forgetChild(session);
  rememberSession(state, session);
}

function recordSessionEnd(step: Step, session: SessionState, time: number, reason: string): void {
  step.records.push({
    type: "session.end",
    time,
    session,
    reason,
    stopReason: session.stopReason,
    durationMs: Math.max(0, time - session.openedAt),
    metadata: session.details?.metadata,
    lastMessage: session.latest?.message,
    id: nextRecordId(session, "session.end"),
  });
}

function forgetChild(session: SessionState): void {
  const siblings = session.parent?.session.children;
  siblings?.splice(siblings.indexOf(session), 1);
}

function rememberSession({ closedSessions }: LifecycleState, session: SessionState): void {
  closedSessions.delete(session.sessionKey);
  closedSessions.set(session.sessionKey, remainsOf(session));
  if (closedSessions.size > MAX_CLOSED_SESSIONS) forgetOldest(closedSessions);
}

/** What is asked of a session after its end: who it was, and where its spans and records stand. */
function remainsOf(session: SessionState): SessionState {
  return {
    ...session,
    parent: undefined,
    details: whoOf(session.details),
    settings: undefined,
    segments: undefined,
    totals: undefined,
    runs: undefined,
    children: undefined,
    latest: undefined,
    span: undefined,
  };
}

/** Makes a subagent's session one in its own right: it got a turn of its own, or outlived its spawner. */
export function promoteSession(step: Step, session: SessionState, time: number): void {
  const link = session.parent;
  if (link === undefined) return;
  session.parent = undefined;
  session.details = { ...session.details, previous: link.session.ids };
  const siblings = link.session.children;
  siblings?.splice(siblings.indexOf(session), 1);
  announceSession(step, session, time);
}
