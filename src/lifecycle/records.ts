import type { Actor, Cost, Metadata, Outcome, Settings, StopReason, Usage } from "./events.ts";
import type { CallState, RunState, SessionState } from "./state.ts";

/**
 * What happened, complete: the hook payload, the audit line and, flattened by one table, the log event
 * and the span event. A record names the session, run or call it is about; what those hold (ids,
 * generation, totals) is read from there when the record is written, which is always at once.
 */
interface RecordBase {
  /** Epoch milliseconds. */
  readonly time: number;
  readonly session: SessionState;
  readonly run?: RunState | undefined;
  /** Unique over processes, equal when made again from the same facts. */
  readonly id: string;
}

export interface SessionStartRecord extends RecordBase {
  readonly type: "session.start";
}

export interface SessionEndRecord extends RecordBase {
  readonly type: "session.end";
  /** The host's word. */
  readonly reason: string;
  readonly stopReason: StopReason;
  readonly durationMs: number;
  readonly metadata?: Metadata | undefined;
  readonly lastMessage?: string | undefined;
}

/** One changed field. `before` is absent where nobody told us; it is never invented. */
export interface PatchChange {
  readonly field: string;
  readonly beforeKnown: boolean;
  readonly before?: unknown;
  readonly after?: unknown;
  /** The value may be shown; else the field is given by name only. */
  readonly plain: boolean;
}

export interface SessionPatchRecord extends RecordBase {
  readonly type: "session.patch";
  /** Those that were running; `run` is the first of them. */
  readonly runs: readonly RunState[];
  readonly changes: readonly PatchChange[];
  readonly actor: Actor;
  readonly source?: string | undefined;
  readonly patch: Settings;
  readonly entry: unknown;
  readonly cfg: unknown;
}

/** The session waits for somebody, or goes on. */
export interface SessionWaitRecord extends RecordBase {
  readonly type: "session.wait";
  /** Those that were running; `run` is the first of them. */
  readonly runs: readonly RunState[];
  /** Absent: it goes on. */
  readonly waitsFor: string | undefined;
}

export interface RunStartRecord extends RecordBase {
  readonly type: "run.start";
  readonly run: RunState;
  readonly message?: string | undefined;
}

export interface RunAttemptRecord extends RecordBase {
  readonly type: "run.attempt";
  readonly run: RunState;
  readonly attempt: number;
  readonly reason?: string | undefined;
  readonly delayMs?: number | undefined;
}

export interface RunEndRecord extends RecordBase {
  readonly type: "run.end";
  readonly run: RunState;
  readonly outcome: Outcome;
  readonly durationMs: number;
}

interface CallStartRecord extends RecordBase {
  readonly type: "call.start";
  readonly run: RunState;
  readonly call: CallState;
}

export interface CallEndRecord extends RecordBase {
  readonly type: "call.end";
  readonly run: RunState;
  readonly call: CallState;
}

export interface SubagentSpawnedRecord extends RecordBase {
  readonly type: "subagent.spawned";
  readonly run: RunState;
}

export interface SubagentEndRecord extends RecordBase {
  readonly type: "subagent.finished" | "subagent.killed";
  readonly run: RunState;
  readonly outcome: Outcome;
  readonly durationMs: number;
}

export interface MessageRecord extends RecordBase {
  readonly type: "message.received" | "message.sent";
  readonly messageId?: string | undefined;
  readonly channel?: string | undefined;
  readonly runId?: string | undefined;
  readonly senderId?: string | undefined;
  readonly success?: boolean | undefined;
  readonly error?: string | undefined;
  readonly content?: string | undefined;
}

export interface HookRecord extends RecordBase {
  readonly type: "hook.decision" | "hook.failure";
  /** Also of a run that is over and no longer known as such. */
  readonly runId?: string | undefined;
  readonly hook: string;
  readonly entry?: string | undefined;
  readonly decision?: string | undefined;
  readonly reason?: string | undefined;
  readonly error?: string | undefined;
  readonly errorType?: string | undefined;
  readonly durationMs?: number | undefined;
}

export type LifecycleRecord =
  | SessionStartRecord
  | SessionEndRecord
  | SessionPatchRecord
  | SessionWaitRecord
  | RunStartRecord
  | RunAttemptRecord
  | RunEndRecord
  | CallStartRecord
  | CallEndRecord
  | SubagentSpawnedRecord
  | SubagentEndRecord
  | MessageRecord
  | HookRecord;

export type RecordType = LifecycleRecord["type"];

/** Price of one model call, asked once when it ends. Returns undefined where no price is known. */
export type PriceCall = (call: {
  readonly provider: string | undefined;
  readonly model: string;
  readonly at: number;
  readonly usage: Usage;
}) => Cost | undefined;
