/**
 * What a host said, in the host's own time: partial, repeated, late. Adapters make these from foreign
 * payloads, the handles from calls; only `reduce` reads them. Every `time` is in epoch milliseconds
 * (fractions allowed) and is the only clock the lifecycle knows.
 */

/**
 * Token counts. `inputTokens` includes cached and cache-write tokens and `outputTokens` includes
 * reasoning tokens, as the GenAI conventions count them.
 */
export interface Usage {
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly cacheReadTokens?: number | undefined;
  readonly cacheWriteTokens?: number | undefined;
  /** The part of `cacheWriteTokens` that is kept for an hour; it has a price of its own. */
  readonly cacheWrite1hTokens?: number | undefined;
  readonly reasoningTokens?: number | undefined;
}

/** A price in integer nano-dollars and who named it: `host`, `user` or the price library. */
export interface Cost {
  readonly nanoUsd: number;
  readonly source: string;
}

/** W3C ids that a host already carries. Absent span ids are made from the run's or call's own id. */
export interface TraceIds {
  readonly traceId: string;
  readonly spanId?: string | undefined;
  readonly parentSpanId?: string | undefined;
  /** The parent lies outside the host (a caller's `traceparent`). */
  readonly parentIsRemote?: boolean | undefined;
  /** Somebody else makes spans of these ids: ours get ids of their own, and a link to those. */
  readonly isTaken?: boolean | undefined;
}

export type ActorKind = "operator" | "sender" | "agent" | "tool" | "hook" | "config" | "unknown";

/** Who changed a setting; `evidence` says how we know (a scope, a command, a hook's name). */
export interface Actor {
  readonly kind: ActorKind;
  readonly id?: string | undefined;
  readonly evidence?: string | undefined;
}

export type Settings = Readonly<Record<string, unknown>>;
export type Metadata = Readonly<Record<string, unknown>>;

/** How a run ended. */
export type Outcome = "completed" | "failed" | "blocked" | "cancelled" | "abandoned";

/** Why a turn's model stopped, in the words of the `session:end` hook. */
export type StopReason = "stop" | "toolUse" | "maxTokens" | "error";

export interface AgentIdentity {
  readonly agentId?: string | undefined;
  readonly agentName?: string | undefined;
}

interface SessionEvent {
  readonly time: number;
  readonly sessionKey: string;
  readonly sessionId?: string | undefined;
}

interface RunEvent {
  readonly time: number;
  readonly runId: string;
}

export interface SessionOpen extends SessionEvent, AgentIdentity {
  readonly type: "session.open";
  /** The session this one goes on from; equal to `sessionId` where the host keeps the id. */
  readonly resumedFrom?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly userId?: string | undefined;
  readonly project?: string | undefined;
  readonly repository?: string | undefined;
  readonly branch?: string | undefined;
  /** Folder the session works in: commands that are hooks run there. */
  readonly cwd?: string | undefined;
  /** The host's own file of the conversation. */
  readonly transcriptPath?: string | undefined;
  readonly settings?: Settings | undefined;
  /** `turn`: the session ends with its first run. */
  readonly endsWith?: "turn" | undefined;
  /** Ids of its span, given out before it opened. Spans that are opened live have ids of their own. */
  readonly trace?: TraceIds | undefined;
}

export interface SessionClose extends SessionEvent {
  readonly type: "session.close";
  /** The host's own word: `reset`, `deleted`, `shutdown`, `idle` … */
  readonly reason: string;
  readonly lastMessage?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

export interface SessionPatch extends SessionEvent {
  readonly type: "session.patch";
  /** As requested. */
  readonly patch: Settings;
  /** The host's session entry after the change. */
  readonly entry?: unknown;
  /** Settings known after the change, in the patch's vocabulary; `null` means known to be unset. */
  readonly settings?: Settings | undefined;
  readonly actor?: Actor | undefined;
  readonly source?: string | undefined;
  /** The host's config; handed to function handlers only. */
  readonly cfg?: unknown;
}

/** The host holds the session until somebody does something, or does so no longer. */
export interface SessionWait extends SessionEvent {
  readonly type: "session.wait";
  /** What for: `permission`, `input`. Absent: it goes on. */
  readonly waitsFor?: string | undefined;
}

export interface RunStart extends RunEvent, AgentIdentity {
  readonly type: "run.start";
  readonly sessionKey: string;
  readonly sessionId?: string | undefined;
  /** First sign of the run where that is earlier than `time`. */
  readonly startedAt?: number | undefined;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  /** `user` (default), `cron`, `heartbeat`, or `announce`: told of a finished subagent, not counted as the user's. */
  readonly trigger?: string | undefined;
  readonly channel?: string | undefined;
  readonly message?: string | undefined;
  readonly settings?: Settings | undefined;
  readonly trace?: TraceIds | undefined;
}

/** The host tries the run again under the same id. */
export interface RunAttempt extends RunEvent {
  readonly type: "run.attempt";
  readonly attempt: number;
  readonly reason?: string | undefined;
  readonly delayMs?: number | undefined;
}

export interface RunBlocked extends RunEvent {
  readonly type: "run.blocked";
  readonly reason?: string | undefined;
  readonly hook?: string | undefined;
}

export interface RunEnd extends RunEvent {
  readonly type: "run.end";
  readonly outcome: Outcome;
  /** `likely`: a later `final` end, or a worse likely one, overrides it. Default `final`. */
  readonly certainty?: "likely" | "final" | undefined;
  readonly startedAt?: number | undefined;
  readonly error?: string | undefined;
  readonly errorType?: string | undefined;
  readonly stopReason?: StopReason | undefined;
  readonly lastMessage?: string | undefined;
  /** Totals of the whole run as the host counts them; used for calls that said nothing themselves. */
  readonly usage?: Usage | undefined;
  readonly cost?: Cost | undefined;
  /** How long facts about this run may still arrive; it is closed by `advance` after that. Default 0. */
  readonly settleMs?: number | undefined;
}

export interface ModelStart extends RunEvent {
  readonly type: "model.start";
  readonly callId: string;
  readonly operation?: string | undefined;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly stream?: boolean | undefined;
  readonly input?: unknown;
  readonly trace?: TraceIds | undefined;
}

export interface ModelFirstChunk extends RunEvent {
  readonly type: "model.first_chunk";
  readonly callId: string;
}

/** Facts about a call's end. `partial`: more may come; the call is written at the latest with its run. */
interface CallEnd extends RunEvent {
  readonly callId: string;
  readonly partial?: boolean | undefined;
  readonly durationMs?: number | undefined;
  readonly outcome?: "completed" | "failed" | "cancelled" | undefined;
  readonly error?: string | undefined;
  readonly errorType?: string | undefined;
  readonly trace?: TraceIds | undefined;
}

export interface ModelEnd extends CallEnd {
  readonly type: "model.end";
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly responseModel?: string | undefined;
  readonly responseId?: string | undefined;
  readonly finishReasons?: readonly string[] | undefined;
  readonly usage?: Usage | undefined;
  readonly cost?: Cost | undefined;
  readonly timeToFirstChunkMs?: number | undefined;
  readonly requestBytes?: number | undefined;
  readonly responseBytes?: number | undefined;
  readonly output?: unknown;
}

export interface ToolStart extends RunEvent {
  readonly type: "tool.start";
  readonly callId: string;
  readonly name: string;
  readonly input?: unknown;
  readonly trace?: TraceIds | undefined;
}

export interface ToolEnd extends CallEnd {
  readonly type: "tool.end";
  readonly name?: string | undefined;
  readonly output?: unknown;
}

/** A child agent was started. Repeated with `toolCallId` once that is known. */
export interface SubagentSpawn extends AgentIdentity {
  readonly type: "subagent.spawn";
  readonly time: number;
  /** The child's run. */
  readonly runId: string;
  readonly sessionKey: string;
  readonly sessionId?: string | undefined;
  readonly label?: string | undefined;
  readonly parentSessionKey: string;
  readonly parentRunId?: string | undefined;
  readonly toolCallId?: string | undefined;
  /** Runs on its own: a root span with a link to its spawner. */
  readonly detached?: boolean | undefined;
}

interface Message extends SessionEvent, AgentIdentity {
  readonly messageId?: string | undefined;
  readonly channel?: string | undefined;
  readonly content?: string | undefined;
  readonly runId?: string | undefined;
}

export interface MessageReceived extends Message {
  readonly type: "message.received";
  readonly senderId?: string | undefined;
}

export interface MessageSent extends Message {
  readonly type: "message.sent";
  readonly success?: boolean | undefined;
  readonly error?: string | undefined;
}

/** What a hook of the user's did: reported by the hook engine, so that it stands in the audit. */
export interface HookReport {
  readonly type: "hook.decision" | "hook.failure";
  readonly time: number;
  readonly hook: string;
  readonly entry?: string | undefined;
  readonly sessionKey?: string | undefined;
  readonly runId?: string | undefined;
  readonly decision?: "abort" | undefined;
  readonly reason?: string | undefined;
  readonly error?: string | undefined;
  readonly errorType?: string | undefined;
  readonly durationMs?: number | undefined;
}

/** The process is going: every open run and session is ended. */
export interface HostStop {
  readonly type: "host.stop";
  readonly time: number;
  readonly reason: string;
  /** Default `cancelled`; `abandoned` when found dead afterwards. */
  readonly outcome?: "cancelled" | "abandoned" | undefined;
}

export type LifecycleEvent =
  | SessionOpen
  | SessionClose
  | SessionPatch
  | SessionWait
  | RunStart
  | RunAttempt
  | RunBlocked
  | RunEnd
  | ModelStart
  | ModelFirstChunk
  | ModelEnd
  | ToolStart
  | ToolEnd
  | SubagentSpawn
  | MessageReceived
  | MessageSent
  | HookReport
  | HostStop;
