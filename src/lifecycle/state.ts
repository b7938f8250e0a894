import type { Context, Span } from "@opentelemetry/api";
import { RecentMap } from "../base/recent-map.ts";
import { TURN_TRIGGER_VALUE_COMPACTION } from "../semconv/turnspan.ts";
import type { Cost, Metadata, Outcome, RunEnd, StopReason, TraceIds, Usage } from "./events.ts";

/**
 * What the lifecycle remembers. Plain objects, changed in place by `reduce` alone: a hundred thousand
 * open sessions must stay small, so nothing is copied and nothing is kept twice.
 */
export interface LifecycleState {
  /** The open segment of each session key. */
  readonly sessions: Map<string, SessionState>;
  readonly runs: Map<string, RunState>;
  /**
   * Runs that were closed a short while ago: what still comes about them is dropped, but for the money of a
   * call that was under way; only runs with such a call are kept.
   */
  readonly closedRuns: RecentMap<string, RunState | undefined>;
  /** What remains of the last closed segment of keys that may open again; bounded, oldest forgotten. */
  readonly closedSessions: Map<string, SessionState>;
  /** Runs that have an end and wait for late facts. */
  readonly settling: Set<RunState>;
  /** The latest time that an event or `advance` named, epoch ms. */
  now: number;
  /** Events that no longer found what they speak of. */
  lateEvents: number;
}

const MAX_CLOSED_RUNS = 8192;

/** Sums over model calls. Money is in integer nano-dollars. */
export interface Totals {
  modelCalls: number;
  toolCalls: number;
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  reasoningTokens: number;
  nanoUsd: number;
  /** Calls with no known price; they are in no cost figure. */
  unknownCostCalls: number;
}

/** Cost between two changes of the model. */
interface CostSegment {
  readonly model: string | undefined;
  readonly since: number;
  nanoUsd: number;
  modelCalls: number;
  unknownCostCalls: number;
}

export interface SessionState {
  readonly sessionKey: string;
  /** Absent until an event names it. */
  sessionId: string | undefined;
  readonly generation: number;
  readonly openedAt: number;
  agentId: string | undefined;
  agentName: string | undefined;
  /** Set where this is a subagent's own session: it has no span and no records of its own. */
  parent: SpawnLink | undefined;
  details: SessionDetails | undefined;
  /** Known settings, in the vocabulary of patches; `null` is known to be unset. */
  settings: Record<string, unknown> | undefined;
  segments: CostSegment[] | undefined;
  totals: Totals | undefined;
  /** Next turn's index. */
  turns: number;
  /** Records made so far; names the next one. */
  ordinal: number;
  /** Runs open now, and sessions of subagents that this one spawned. */
  runs: RunState[] | undefined;
  children: SessionState[] | undefined;
  /** The latest sign of life; absent while that is the opening. */
  lastSign: number | undefined;
  stopReason: StopReason;
  latest: LatestNews | undefined;
  closed: boolean;
  /** Hash of key, generation and opening; made at the first record. */
  idBase: string | undefined;
  /** Ids of the span once it has them. */
  ids: SpanIds | undefined;
  /** The span while it is open; none where spans are written at their end. */
  span: Span | undefined;
}

/** What a session has from its first turn or message on: kept apart so that one that only waits stays small. */
export interface LatestNews {
  /** When the turn ended that `stopReason` and `message` are of. */
  turnEnd: number | undefined;
  message: string | undefined;
  messageIds: string[] | undefined;
  /** What the session waits for now. */
  waitsFor: string | undefined;
}

/** What few sessions have: kept apart so that a plain one stays small. */
export interface SessionDetails {
  readonly resumedFrom?: string | undefined;
  readonly previous?: SpanIds | undefined;
  readonly metadata?: Metadata | undefined;
  readonly userId?: string | undefined;
  readonly project?: string | undefined;
  readonly repository?: string | undefined;
  readonly branch?: string | undefined;
  readonly cwd?: string | undefined;
  readonly transcriptPath?: string | undefined;
  readonly endsWith?: "turn" | undefined;
}

/** For whom and where a session works: what its subagents' sessions share with it. */
export function whoOf(details: SessionDetails | undefined): SessionDetails | undefined {
  if (details === undefined) return undefined;
  const { userId, project, repository, branch, cwd } = details;
  return { userId, project, repository, branch, cwd };
}

export interface SpanIds {
  readonly traceId: string;
  readonly spanId: string;
  /** Absent: sampled. */
  readonly traceFlags?: number;
}

/** Who spawned a subagent, by the ids its payload names. */
export interface SpawnLink {
  readonly session: SessionState;
  run: RunState | undefined;
  call: CallState | undefined;
  readonly label: string | undefined;
  readonly detached: boolean;
}

export interface RunState {
  kind: "turn" | "subagent";
  readonly runId: string;
  readonly session: SessionState;
  readonly turnIndex: number;
  spawn: SpawnLink | undefined;
  startTime: number;
  /** False while only its spawning is known. */
  started: boolean;
  agentId: string | undefined;
  agentName: string | undefined;
  provider: string | undefined;
  model: string | undefined;
  trigger: string | undefined;
  channel: string | undefined;
  message: string | undefined;
  trace: TraceIds | undefined;
  /** By call id; see `findCall` for an id that a model call and a tool call share. */
  readonly calls: Map<string, CallState>;
  readonly totals: Totals;
  attempts: number;
  block: { readonly reason: string | undefined; readonly hook: string | undefined } | undefined;
  end: RunEnd | undefined;
  endTime: number;
  settleUntil: number;
  closed: boolean;
  outcome: Outcome | undefined;
  error: string | undefined;
  errorType: string | undefined;
  stopReason: StopReason | undefined;
  lastMessage: string | undefined;
  /** One bag for the hooks of this run, made when a hook asks for it. */
  meta: Record<string, unknown> | undefined;
  ids: SpanIds | undefined;
  span: Span | undefined;
  /** Where its calls' spans hang; made for the first of them. */
  context: Context | undefined;
}

/** The host's own doing: no hook is asked or told of it, and it says nothing of how a session went. */
export const isCompaction = ({ trigger }: RunState): boolean =>
  trigger === TURN_TRIGGER_VALUE_COMPACTION;

export interface CallState {
  readonly kind: "model_call" | "tool_call";
  readonly callId: string;
  /** Made up by us to carry tokens and money that no other call told of; it took no time of its own. */
  readonly isRest: boolean;
  startTime: number;
  endTime: number | undefined;
  /** All that is to be known is known. */
  complete: boolean;
  name: string;
  provider: string | undefined;
  model: string | undefined;
  responseModel: string | undefined;
  responseId: string | undefined;
  finishReasons: readonly string[] | undefined;
  stream: boolean | undefined;
  timeToFirstChunkMs: number | undefined;
  requestBytes: number | undefined;
  responseBytes: number | undefined;
  usage: Usage | undefined;
  cost: Cost | undefined;
  outcome: "completed" | "failed" | "cancelled" | undefined;
  error: string | undefined;
  errorType: string | undefined;
  input: unknown;
  output: unknown;
  trace: TraceIds | undefined;
  ids: SpanIds | undefined;
  span: Span | undefined;
}

export function createState(): LifecycleState {
  return {
    sessions: new Map(),
    runs: new Map(),
    closedRuns: new RecentMap(MAX_CLOSED_RUNS),
    closedSessions: new Map(),
    settling: new Set(),
    now: Number.NEGATIVE_INFINITY,
    lateEvents: 0,
  };
}

export function createTotals(): Totals {
  return {
    modelCalls: 0,
    toolCalls: 0,
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    nanoUsd: 0,
    unknownCostCalls: 0,
  };
}

/** A call of that kind: the same id may name a model call and a tool call of one run. */
export function findCall(
  run: RunState,
  kind: CallState["kind"],
  callId: string,
): CallState | undefined {
  const call = run.calls.get(callId);
  return call === undefined || call.kind === kind ? call : run.calls.get(`${kind}\0${callId}`);
}

/** Adds a call under its id, or where a call of the other kind has it, beside that one. */
export function addCall(run: RunState, call: CallState): void {
  const { kind, callId } = call;
  run.calls.set(run.calls.has(callId) ? `${kind}\0${callId}` : callId, call);
}

export const lastSignOf = (session: SessionState): number => session.lastSign ?? session.openedAt;

/** To write into. */
export function latestOf(session: SessionState): LatestNews {
  session.latest ??= {
    turnEnd: undefined,
    message: undefined,
    messageIds: undefined,
    waitsFor: undefined,
  };
  return session.latest;
}

/** Runs of a session that have not ended: one that only waits for late facts is over for its host. */
export const runningRuns = (session: SessionState): readonly RunState[] =>
  session.runs?.filter((run) => run.end === undefined) ?? [];
