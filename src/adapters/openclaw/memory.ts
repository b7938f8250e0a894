import { RecentMap } from "../../base/recent-map.ts";
import type { Actor, TraceIds } from "../../lifecycle/events.ts";
import { TURN_TRIGGER_VALUE_COMPACTION } from "../../semconv/turnspan.ts";

/** Ids in W3C form that the gateway puts on its hooks and diagnostics. */
export interface HostTrace {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
}

/** The span of ours that stands for a span of the gateway's. */
export interface TurnSpan {
  readonly runId: string;
  readonly traceId: string;
  readonly spanId: string;
  /** The turn took over the id of the request that caused it. */
  readonly isRequest: boolean;
}

/** What is remembered of a run between its first sign and some seconds after its end. */
export interface RunMemory {
  readonly runId: string;
  /** When it was first heard of, and the first sign of its own: a subagent is spawned before it runs. */
  readonly knownSince: number;
  firstSign: number;
  sessionKey: string | undefined;
  sessionId: string | undefined;
  agentId: string | undefined;
  provider: string | undefined;
  model: string | undefined;
  trigger: string | undefined;
  channel: string | undefined;
  message: string | undefined;
  /** A subagent's run, and the run that spawned it. */
  isSubagent: boolean;
  parentRunId: string | undefined;
  /** The host shortens the conversation; and said that it is done. */
  readonly isCompaction: boolean;
  isCompacted: boolean;
  /** `run.start` was given out. */
  isStarted: boolean;
  /** The parent outside the host was given out. */
  hasParent: boolean;
  traceId: string | undefined;
  /** Ids of its span, once its harness's are known. */
  trace: TraceIds | undefined;
  span: TurnSpan | undefined;
  attempts: number;
  hostAttempt: number | undefined;
  /** Failures before this time are the attempt's, not the run's. */
  retryAt: number;
  /** What the model's last answer said went wrong. */
  modelError:
    | { readonly error: string | undefined; readonly errorType: string | undefined }
    | undefined;
  endedAt: number | undefined;
  /** Our call id of each call span, and how often the host used each call id. */
  readonly callIds: Map<string, string>;
  readonly callIdUses: Map<string, number>;
  /** Tool calls whose result is known, and those that may be spawning a subagent now. */
  readonly toolResults: Set<string>;
  readonly spawnCalls: Set<string>;
  /** Tool calls under way, by id, with the tool's name. */
  readonly openTools: Map<string, string>;
}

/** All that translating remembers. Bounded: runs by time and number, spans by number. */
export interface Memory {
  readonly runs: Map<string, RunMemory>;
  /** By id of a span of the gateway's: harness, run or request. */
  readonly turnSpans: RecentMap<string, TurnSpan>;
  /** Parent of a request's span, where a caller outside the host gave one. */
  readonly requestParents: RecentMap<string, string>;
  /** Who made a request, by its span's id: what a change of settings inside it is judged by. */
  readonly requesters: RecentMap<string, Actor>;
  nextSweep: number;
  isStopping: boolean;
}

/** Run ids of compactions are `<session id>:compaction:<id>`. */
const COMPACTION = ":compaction:";
const MAX_RUNS = 10_000;
const MAX_SPANS = 12_288;
const MAX_REQUESTS = 4_096;
const SWEEP_MS = 10_000;
const KEEP_ENDED_MS = 30_000;
const KEEP_UNSTARTED_MS = 900_000;
/** A compaction that fails says no more than that its call failed, and it may ask again after minutes. */
export const COMPACTION_PAUSE_MS = 180_000;

export function createMemory(): Memory {
  return {
    runs: new Map(),
    turnSpans: new RecentMap(MAX_SPANS),
    requestParents: new RecentMap(MAX_REQUESTS),
    requesters: new RecentMap(MAX_REQUESTS),
    nextSweep: Number.NEGATIVE_INFINITY,
    isStopping: false,
  };
}

export function rememberRun(memory: Memory, runId: string, time: number): RunMemory {
  const known = memory.runs.get(runId);
  if (known !== undefined) return known;
  const isCompaction = runId.includes(COMPACTION);
  const run: RunMemory = {
    runId,
    knownSince: time,
    firstSign: Number.POSITIVE_INFINITY,
    sessionKey: undefined,
    sessionId: undefined,
    agentId: undefined,
    provider: undefined,
    model: undefined,
    trigger: isCompaction ? TURN_TRIGGER_VALUE_COMPACTION : undefined,
    channel: undefined,
    message: undefined,
    isSubagent: false,
    parentRunId: undefined,
    isCompaction,
    isCompacted: false,
    isStarted: false,
    hasParent: false,
    traceId: undefined,
    trace: undefined,
    span: undefined,
    attempts: 1,
    hostAttempt: undefined,
    retryAt: Number.NEGATIVE_INFINITY,
    modelError: undefined,
    endedAt: undefined,
    callIds: new Map(),
    callIdUses: new Map(),
    toolResults: new Set(),
    spawnCalls: new Set(),
    openTools: new Map(),
  };
  memory.runs.set(runId, run);
  const [oldest] = memory.runs.keys();
  if (oldest !== undefined && memory.runs.size > MAX_RUNS) memory.runs.delete(oldest);
  return run;
}

export function rememberTurnSpan(memory: Memory, hostSpanId: string, span: TurnSpan): void {
  if (memory.turnSpans.has(hostSpanId)) return;
  memory.turnSpans.set(hostSpanId, span);
}

export function rememberRequest(memory: Memory, spanId: string, parentSpanId: string): void {
  memory.requestParents.set(spanId, parentSpanId);
}

export function rememberRequester(memory: Memory, spanId: string, actor: Actor): void {
  memory.requesters.set(spanId, actor);
}

/** Forgets runs that ended a while ago, and those that never came to anything. */
export function sweep(memory: Memory, now: number): void {
  if (now < memory.nextSweep) return;
  memory.nextSweep = now + SWEEP_MS;
  for (const run of memory.runs.values()) {
    const keepMs = run.isCompaction ? COMPACTION_PAUSE_MS : KEEP_ENDED_MS;
    const isOver = run.endedAt !== undefined && now > run.endedAt + keepMs;
    const isNothing = !run.isStarted && now > run.knownSince + KEEP_UNSTARTED_MS;
    if (isOver || isNothing) memory.runs.delete(run.runId);
  }
}
