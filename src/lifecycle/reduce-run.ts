import { UNCOUNTED_TRIGGERS } from "../semconv/turnspan.ts";
import { closeRun, promoteSession, rememberRun } from "./closing.ts";
import type { Outcome, RunAttempt, RunBlocked, RunEnd, RunStart, SubagentSpawn } from "./events.ts";
import { shownText } from "./free-text.ts";
import { nextRecordId } from "./identity.ts";
import { ensureChildSession, ensureSession, mergeHint } from "./reduce-session.ts";
import { rememberSettings } from "./settings.ts";
import {
  createTotals,
  findCall,
  type LifecycleState,
  type RunState,
  type SessionState,
  type SpawnLink,
} from "./state.ts";
import { findRun, type Step } from "./step.ts";

function createRun(
  step: Step,
  session: SessionState,
  event: RunStart | SubagentSpawn,
  spawn: SpawnLink | undefined,
): RunState {
  const counts = event.type === "run.start" && !UNCOUNTED_TRIGGERS.has(event.trigger);
  const run: RunState = {
    kind: spawn === undefined ? "turn" : "subagent",
    runId: event.runId,
    session,
    turnIndex: counts ? session.turns++ : Math.max(0, session.turns - 1),
    spawn,
    startTime: event.time,
    started: false,
    agentId: event.agentId ?? session.agentId,
    agentName: event.agentName ?? (event.agentId === undefined ? session.agentName : undefined),
    provider: undefined,
    model: undefined,
    trigger: undefined,
    channel: undefined,
    message: undefined,
    trace: undefined,
    calls: new Map(),
    totals: createTotals(),
    attempts: 1,
    block: undefined,
    end: undefined,
    endTime: event.time,
    settleUntil: 0,
    closed: false,
    outcome: undefined,
    error: undefined,
    errorType: undefined,
    stopReason: undefined,
    lastMessage: undefined,
    meta: undefined,
    ids: undefined,
    span: undefined,
    context: undefined,
  };
  step.state.runs.set(run.runId, run);
  session.runs ??= [];
  session.runs.push(run);
  return run;
}

function mergeStart(run: RunState, event: RunStart): void {
  run.startTime = Math.min(run.startTime, event.startedAt ?? event.time, event.time);
  run.agentId ??= event.agentId;
  run.agentName ??= event.agentName;
  run.provider ??= event.provider;
  run.model ??= event.model;
  run.trigger ??= event.trigger;
  run.channel ??= event.channel;
  run.message ??= event.message;
  run.trace = event.trace === undefined ? run.trace : { ...event.trace, ...run.trace };
}

export function startRun(step: Step, event: RunStart): void {
  if (step.state.closedRuns.has(event.runId)) {
    step.state.lateEvents += 1;
    return;
  }
  const known = step.state.runs.get(event.runId);
  const run = known ?? openTurn(step, event);
  if (known?.started === false) run.startTime = event.time;
  if (run.session !== run.spawn?.session) mergeHint(run.session, event);
  mergeStart(run, event);
  rememberSettings(run.session, event.settings);
  if (run.started) return;
  run.started = true;
  step.records.push({
    type: "run.start",
    time: run.startTime,
    session: run.session,
    run,
    message: run.message,
    id: nextRecordId(run.session, "run.start"),
  });
}

function openTurn(step: Step, event: RunStart): RunState {
  const session = ensureSession(step, event);
  promoteSession(step, session, event.time);
  return createRun(step, session, event, undefined);
}

export function attemptRun(step: Step, event: RunAttempt): void {
  const run = findRun(step, event.runId);
  if (run === undefined || event.attempt <= run.attempts) return;
  run.attempts = event.attempt;
  run.end = undefined;
  step.state.settling.delete(run);
  step.records.push({
    type: "run.attempt",
    time: event.time,
    session: run.session,
    run,
    attempt: event.attempt,
    reason: event.reason,
    delayMs: event.delayMs,
    id: nextRecordId(run.session, "run.attempt"),
  });
}

export function blockRun(step: Step, event: RunBlocked): void {
  const run = findRun(step, event.runId);
  if (run === undefined) return;
  const { reason, hook } = event;
  run.block = { reason: run.block?.reason ?? reason, hook: run.block?.hook ?? hook };
}

/** Worse news wins among ends of the same certainty; a final end wins over a likely one. */
const SEVERITY = {
  completed: 0,
  failed: 1,
  cancelled: 2,
  blocked: 3,
  abandoned: 4,
} as const satisfies Record<Outcome, number>;

const weight = (end: RunEnd): number =>
  SEVERITY[end.outcome] + (end.certainty === "likely" ? 0 : 10);

export function endRun(step: Step, event: RunEnd): void {
  const run = findRun(step, event.runId);
  if (run === undefined) return;
  const known = run.end;
  const stronger = known === undefined || weight(event) > weight(known);
  run.end = stronger ? mergeEnds(event, known) : mergeEnds(known, event);
  if (event.startedAt !== undefined) run.startTime = Math.min(run.startTime, event.startedAt);
  if ((event.settleMs ?? 0) <= 0) {
    closeRun(step, run);
    return;
  }
  run.settleUntil = settleUntil(run, event, known);
  step.state.settling.add(run);
}

const isFinal = (end: RunEnd | undefined): boolean =>
  end !== undefined && end.certainty !== "likely";

/** The first final word sets how long to wait: what is only likely waits longer for that word. */
function settleUntil(run: RunState, event: RunEnd, known: RunEnd | undefined): number {
  const until = event.time + (event.settleMs ?? 0);
  if (isFinal(event) && !isFinal(known)) return until;
  if (isFinal(known) && !isFinal(event)) return run.settleUntil;
  return Math.max(run.settleUntil, until);
}

function mergeEnds(strong: RunEnd, weak: RunEnd | undefined): RunEnd {
  if (weak === undefined) return strong;
  return {
    ...strong,
    error: strong.error ?? weak.error,
    errorType: strong.errorType ?? weak.errorType,
    stopReason: strong.stopReason ?? weak.stopReason,
    lastMessage: strong.lastMessage ?? weak.lastMessage,
    usage: strong.usage ?? weak.usage,
    cost: strong.cost ?? weak.cost,
  };
}

const onlyOne = <T>(items: readonly T[]): T | undefined =>
  items.length === 1 ? items[0] : undefined;

function spawnLink(step: Step, event: SubagentSpawn, parent: SessionState): SpawnLink {
  const run =
    event.parentRunId === undefined
      ? onlyOne(parent.runs ?? [])
      : step.state.runs.get(event.parentRunId);
  const link: SpawnLink = {
    session: parent,
    run,
    call: undefined,
    label: event.label == null ? undefined : shownText(event.label),
    detached: event.detached ?? false,
  };
  link.call = spawningCall(link, event.toolCallId);
  return link;
}

/** The tool call that spawned: the one named, else the only one open. */
function spawningCall(link: SpawnLink, toolCallId: string | undefined): SpawnLink["call"] {
  const { run } = link;
  if (run === undefined) return undefined;
  if (toolCallId !== undefined) return findCall(run, "tool_call", toolCallId);
  const open = [...run.calls.values()].filter(
    (call) => call.kind === "tool_call" && call.endTime === undefined,
  );
  return onlyOne(open);
}

/** Its spawner is over, and so is the session: opened again for it, nobody would end it. */
const isOrphan = (state: LifecycleState, event: SubagentSpawn): boolean =>
  event.parentRunId !== undefined &&
  state.closedRuns.has(event.parentRunId) &&
  !state.sessions.has(event.parentSessionKey);

export function spawnSubagent(step: Step, event: SubagentSpawn): void {
  if (step.state.closedRuns.has(event.runId)) return;
  if (isOrphan(step.state, event)) {
    step.state.lateEvents += 1;
    // What it does is as late as itself.
    rememberRun(step.state, event.runId, undefined);
    return;
  }
  const known = step.state.runs.get(event.runId);
  if (known?.spawn !== undefined) {
    known.spawn.call = spawningCall(known.spawn, event.toolCallId) ?? known.spawn.call;
    return;
  }
  const parent = ensureSession(step, { time: event.time, sessionKey: event.parentSessionKey });
  const link = spawnLink(step, event, parent);
  const run = known ?? createRun(step, ensureChildSession(step, event, link), event, link);
  run.kind = "subagent";
  run.spawn = link;
  step.records.push({
    type: "subagent.spawned",
    time: event.time,
    session: run.session,
    run,
    id: nextRecordId(run.session, "subagent.spawned"),
  });
}
