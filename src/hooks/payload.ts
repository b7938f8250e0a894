import type { Actor, Metadata, Outcome, Settings, StopReason } from "../lifecycle/events.ts";
import type { PatchChange } from "../lifecycle/records.ts";
import type { HookName, SpanHookName } from "./points.ts";

/** Where a handler may write; the default goes to OpenTelemetry's `diag`. */
export interface HookLog {
  debug(message: string, ...args: unknown[]): void;
  info(message: string, ...args: unknown[]): void;
  warn(message: string, ...args: unknown[]): void;
  error(message: string, ...args: unknown[]): void;
}

/**
 * What every payload carries. `timestamp`, `traceparent`, `meta` and `log` are made when they are read,
 * so a spread copy lacks them; `JSON.stringify` writes the payload whole, but for `log`.
 */
interface HookPayload<H extends HookName> {
  readonly hookPoint: H;
  readonly workflow: "agent";
  readonly sessionKey: string;
  readonly sessionId: string | undefined;
  readonly agentId: string | undefined;
  readonly runId: string | undefined;
  /** Counts the session's turns from 0. */
  readonly turnIndex: number | undefined;
  readonly timestamp: Date;
  /** W3C trace context of the run's span, or the session's where there is no run. */
  readonly traceparent: string | undefined;
  /** One bag for all hooks of one run. Session hooks have one for each payload. */
  readonly meta: Record<string, unknown>;
  readonly log: HookLog;
}

/** Tokens over all model calls; input includes cached tokens, output includes reasoning. */
export interface HookUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
}

/** The event shape that session hooks share with the hosts' own events. */
interface SessionPayload<A extends "start" | "end" | "patch", Context, Ours>
  extends HookPayload<`session:${A}`> {
  readonly type: "session";
  readonly action: A;
  readonly context: Context;
  readonly turnspan: Ours & { readonly generation: number };
}

interface SessionStartContext {
  readonly metadata: Metadata | undefined;
}

interface SessionEndContext {
  readonly stopReason: StopReason;
  readonly lastMessage: string | undefined;
  readonly metadata: Metadata | undefined;
}

export interface SessionPatchContext {
  /** The host's session entry after the change, else the settings we know of. */
  readonly sessionEntry: unknown;
  /** As requested, with the session key as `key`. */
  readonly patch: Settings;
  /** The host's config, else ours without secrets. The host's holds secrets: it is `{}` in JSON. */
  readonly cfg: unknown;
}

type SessionStartPayload = SessionPayload<"start", SessionStartContext, object>;

type SessionEndPayload = SessionPayload<
  "end",
  SessionEndContext,
  {
    /** The host's word. */
    readonly reason: string;
    readonly durationMs: number;
    readonly turns: number;
    readonly usage: HookUsage;
    readonly costUsd: number | undefined;
  }
>;

type SessionPatchPayload = SessionPayload<
  "patch",
  SessionPatchContext,
  {
    readonly changes: readonly PatchChange[];
    readonly actor: Actor;
    readonly source: string | undefined;
  }
>;

export interface RunRef {
  readonly sessionId: string | undefined;
  readonly sessionKey: string;
  readonly runId: string | undefined;
  readonly agentId: string | undefined;
}

/**
 * A turn, or another library's agent span (`thirdParty: true`). Of the latter only what the span says is
 * known: `name`, `attributes`, and what can be read from them; all else is undefined.
 */
interface TurnPayload<H extends HookName> extends HookPayload<H> {
  readonly runId: string;
  readonly turnIndex: number;
  readonly thirdParty?: true | undefined;
  /** The span's name; third-party spans only. */
  readonly name?: string | undefined;
  /** The span's attributes; third-party spans only. */
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
}

interface BeforeTurnPayload extends TurnPayload<"beforeTurn"> {
  readonly model: string | undefined;
  readonly message: string | undefined;
  readonly trigger: string | undefined;
  /** Who spawned it; set for a subagent's run only. */
  readonly parent: RunRef | undefined;
}

interface AfterTurnPayload extends TurnPayload<"afterTurn"> {
  readonly durationMs: number;
  readonly usage: HookUsage;
  /** Undefined where no call had a known price. */
  readonly costUsd: number | undefined;
  readonly model: string | undefined;
  readonly toolCalls: number;
  readonly stopReason: StopReason | undefined;
}

interface TurnErrorPayload extends TurnPayload<"onTurnError"> {
  readonly error: string;
  readonly errorType: string;
  readonly durationMs: number;
  /** So far. */
  readonly usage: HookUsage;
  readonly costUsd: number | undefined;
}

interface MessagePayload<H extends HookName> extends HookPayload<H> {
  readonly channel: string | undefined;
  readonly messageId: string | undefined;
  readonly content: string | undefined;
}

type MessageReceivedPayload = MessagePayload<"onMessageReceived">;

interface MessageSentPayload extends MessagePayload<"onMessageSent"> {
  readonly success: boolean | undefined;
}

/** The flat names are the child's. */
interface SubagentPayload<H extends HookName> extends HookPayload<H> {
  readonly runId: string;
  readonly agentName: string | undefined;
  readonly label: string | undefined;
  readonly parent: RunRef | undefined;
}

interface SubagentEndPayload<H extends HookName> extends SubagentPayload<H> {
  readonly outcome: Outcome;
  readonly usage: HookUsage;
  readonly costUsd: number | undefined;
}

/** What the handlers of each hook are called with. */
export interface HookPayloads {
  readonly "session:start": SessionStartPayload;
  readonly "session:end": SessionEndPayload;
  readonly "session:patch": SessionPatchPayload;
  readonly beforeTurn: BeforeTurnPayload;
  readonly afterTurn: AfterTurnPayload;
  readonly onTurnError: TurnErrorPayload;
  readonly onMessageReceived: MessageReceivedPayload;
  readonly onMessageSent: MessageSentPayload;
  readonly onSubagentSpawned: SubagentPayload<"onSubagentSpawned">;
  readonly onSubagentFinished: SubagentEndPayload<"onSubagentFinished">;
  readonly onSubagentKilled: SubagentEndPayload<"onSubagentKilled">;
}

/** The start or the end of another library's agent span, as a payload of the hook it is like. */
export interface SpanPayload {
  readonly hookPoint: SpanHookName;
  readonly workflow: "agent";
  readonly thirdParty: true;
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly sessionKey: string | undefined;
  readonly sessionId: string | undefined;
  readonly agentId: string | undefined;
  readonly model: string | undefined;
  readonly timestamp: Date;
  readonly traceparent: string;
  readonly meta: Record<string, unknown>;
  readonly log: HookLog;
  readonly durationMs?: number;
  readonly usage?: Readonly<Partial<HookUsage>>;
  readonly error?: string;
  readonly errorType?: string;
}

export type AnyPayload = HookPayloads[HookName] | SpanPayload;
