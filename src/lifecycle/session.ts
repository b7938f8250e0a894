import { type Context, isSpanContextValid, trace } from "@opentelemetry/api";
import type { Actor, AgentIdentity, Metadata, Settings, TraceIds } from "./events.ts";
import type { Abort } from "./hand-over.ts";
import { type Recorder, runAlone } from "./recorder.ts";
import { runGuarded, silentTurn, type Turn } from "./turn.ts";

/** How a session is to be known. */
export interface SessionInfo extends AgentIdentity {
  /** The host's own name of the conversation; one open session a key. */
  readonly sessionKey: string;
  /** Default: the session key. */
  readonly sessionId?: string;
  /** Handed back unchanged with `session:end`. */
  readonly metadata?: Metadata;
  readonly userId?: string;
  readonly project?: string;
  readonly repository?: string;
  readonly branch?: string;
  /** Settings in force at the start, so that the first patch knows what was before. */
  readonly settings?: Settings;
  /** The id of the session that this one goes on from. */
  readonly resumedFrom?: string;
  /** `turn`: the session ends with its first turn. */
  readonly endsWith?: "turn";
}

/** What is known of a turn before it runs. */
export interface TurnInfo<T = unknown> {
  readonly runId?: string;
  readonly provider?: string;
  readonly model?: string;
  /** The user's words: guards see them; spans only where the content mode allows. */
  readonly message?: string;
  /** Default `user`. */
  readonly trigger?: string;
  readonly channel?: string;
  /** A span outside this host to hang the turn under; default: the turn is the root of its own trace. */
  readonly parent?: Context;
  /** Asked for the result when a guard says no; without it TURN_BLOCKED is thrown. */
  readonly onBlocked?: (abort: Abort) => T | PromiseLike<T>;
}

/** Who changed settings, and through what. */
export interface PatchInfo {
  readonly actor?: Actor;
  readonly source?: string;
  /** The host's session entry after the change, for `session:patch` handlers. */
  readonly entry?: unknown;
  /** The host's config, for function handlers. */
  readonly cfg?: unknown;
}

export interface MessageInfo {
  readonly messageId?: string;
  readonly channel?: string;
  readonly content?: string;
  readonly senderId?: string;
  readonly success?: boolean;
  readonly error?: string;
}

/** An open session. Disposing it ends it. */
export class Session implements Disposable {
  readonly sessionKey: string;
  readonly sessionId: string;
  readonly #recorder: Recorder;
  readonly #info: SessionInfo;
  #silentTurns = 0;
  #told = false;
  #ended = false;

  constructor(recorder: Recorder, info: SessionInfo) {
    this.#recorder = recorder;
    this.#info = info;
    this.sessionKey = info.sessionKey;
    this.sessionId = info.sessionId ?? info.sessionKey;
    if (!recorder.isIdle()) this.#tell();
  }

  /**
   * Runs one turn: guards first, then the body inside the turn's span. What the body throws is rethrown
   * untouched. Throws TURN_BLOCKED where a guard said no and there is no `onBlocked`.
   */
  turn<T>(info: TurnInfo<T>, body: (turn: Turn) => T | PromiseLike<T>): Promise<T> {
    const recorder = this.#recorder;
    if (recorder.isIdle()) return runAlone(silentTurn(this.#silentTurns++), body);
    this.#tell();
    const runId = info.runId ?? recorder.nextRunId();
    const verdict = recorder.lifecycle.ask({
      type: "run.start",
      time: recorder.now(),
      runId,
      sessionKey: this.sessionKey,
      sessionId: this.sessionId,
      provider: info.provider,
      model: info.model,
      message: info.message,
      trigger: info.trigger,
      channel: info.channel,
      trace: parentOf(info.parent),
    });
    return runGuarded(recorder, runId, verdict, info.onBlocked, body);
  }

  /** Says that settings were changed; call it after the change was made, never for a refused one. */
  patch(patch: Settings, info: PatchInfo = {}): void {
    this.#apply({ type: "session.patch", patch, ...info });
  }

  /** Says that a user's message arrived, before it is worked on. */
  messageReceived(message: MessageInfo = {}): void {
    this.#apply({ type: "message.received", ...message });
  }

  /** Says that an answer went out. */
  messageSent(message: MessageInfo = {}): void {
    this.#apply({ type: "message.sent", ...message });
  }

  /** Ends the session; open turns end as cancelled. Ending it again does nothing. */
  end(
    reason = "end",
    info: { readonly lastMessage?: string; readonly metadata?: Metadata } = {},
  ): void {
    if (this.#ended) return;
    this.#ended = true;
    if (!this.#told) return;
    this.#apply({ type: "session.close", reason, ...info });
  }

  [Symbol.dispose](): void {
    this.end();
  }

  #apply(event: EventOfSession): void {
    if (!this.#told && this.#recorder.isIdle()) return;
    this.#tell();
    const { sessionKey, sessionId } = this;
    this.#recorder.lifecycle.tell({
      ...event,
      time: this.#recorder.now(),
      sessionKey,
      sessionId,
    });
  }

  /** Opens the session in the lifecycle, once somebody listens. */
  #tell(): void {
    if (this.#told || this.#ended) return;
    this.#told = true;
    this.#recorder.lifecycle.tell({
      ...this.#info,
      type: "session.open",
      time: this.#recorder.now(),
      sessionId: this.sessionId,
    });
  }
}

type EventOfSession =
  | ({ readonly type: "session.patch"; readonly patch: Settings } & PatchInfo)
  | ({ readonly type: "message.received" | "message.sent" } & MessageInfo)
  | {
      readonly type: "session.close";
      readonly reason: string;
      readonly lastMessage?: string;
      readonly metadata?: Metadata;
    };

function parentOf(parent: Context | undefined): TraceIds | undefined {
  const span = parent === undefined ? undefined : trace.getSpanContext(parent);
  if (span === undefined || !isSpanContextValid(span)) return undefined;
  return {
    traceId: span.traceId,
    parentSpanId: span.spanId,
    parentIsRemote: span.isRemote ?? false,
  };
}
