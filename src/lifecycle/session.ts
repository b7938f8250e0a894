import { type Context, isSpanContextValid, trace } from "@opentelemetry/api";
import type { Actor, AgentIdentity, Metadata, Settings, TraceIds } from "./events.ts";
import type { Abort } from "./hand-over.ts";
import { freshRunId, type Recorder, runAlone } from "./recorder.ts";
import { runGuarded, silentTurn, type Turn } from "./turn.ts";

/** How a session is to be known. */
export interface SessionInfo extends AgentIdentity {
  /** The host's own name of the conversation; one open session a key. */
  readonly sessionKey: string;
  /** Default: the session key. */
  readonly sessionId?: string | undefined;
  /** Handed back unchanged with `session:end`. */
  readonly metadata?: Metadata | undefined;
  readonly userId?: string | undefined;
  readonly project?: string | undefined;
  readonly repository?: string | undefined;
  readonly branch?: string | undefined;
  /** Folder the session works in: commands that are hooks run there. */
  readonly cwd?: string | undefined;
  /** The host's own file of the conversation, for hooks that read it. */
  readonly transcriptPath?: string | undefined;
  /** Settings in force at the start, so that the first patch knows what was before. */
  readonly settings?: Settings | undefined;
  /** The id of the session that this one goes on from. */
  readonly resumedFrom?: string | undefined;
  /** `turn`: the session ends with its first turn. */
  readonly endsWith?: "turn" | undefined;
}

/** What is known of a turn before it runs. */
export interface TurnInfo<T = unknown> {
  readonly runId?: string | undefined;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  /** The user's words: guards see them; spans only where the content mode allows. */
  readonly message?: string | undefined;
  /** Default `user`. */
  readonly trigger?: string | undefined;
  readonly channel?: string | undefined;
  /** A span outside this host to hang the turn under; default: the turn is the root of its own trace. */
  readonly parent?: Context | undefined;
  /** Asked for the result when a guard says no; without it TURN_BLOCKED is thrown. */
  readonly onBlocked?: ((abort: Abort) => T | PromiseLike<T>) | undefined;
}

/** Who changed settings, and through what. */
export interface PatchInfo {
  readonly actor?: Actor | undefined;
  readonly source?: string | undefined;
  /** The host's session entry after the change, for `session:patch` handlers. */
  readonly entry?: unknown;
  /** The host's config, for function handlers. */
  readonly cfg?: unknown;
}

export interface MessageInfo {
  readonly messageId?: string | undefined;
  readonly channel?: string | undefined;
  readonly content?: string | undefined;
  readonly senderId?: string | undefined;
  readonly success?: boolean | undefined;
  readonly error?: string | undefined;
}

/**
 * An open session. Disposing it ends it. Used after it was ended (by you, by its only turn, at a
 * shutdown), it opens its next segment, with the same metadata and a new generation.
 */
export class Session implements Disposable {
  readonly sessionKey: string;
  readonly sessionId: string;
  readonly #recorder: Recorder;
  readonly #info: SessionInfo;
  #silentTurns = 0;
  /** False again after `end`. */
  #told = false;

  constructor(recorder: Recorder, info: SessionInfo) {
    this.#recorder = recorder;
    this.#info = info;
    this.sessionKey = info.sessionKey;
    this.sessionId = info.sessionId ?? info.sessionKey;
    if (!recorder.isIdle()) this.#ensureOpen();
  }

  /**
   * Runs one turn: guards first, then the body inside the turn's span. What the body throws is rethrown
   * untouched. Throws TURN_BLOCKED where a guard said no and there is no `onBlocked`.
   */
  turn<T>(info: TurnInfo<T>, body: (turn: Turn) => T | PromiseLike<T>): Promise<T> {
    const recorder = this.#recorder;
    if (recorder.isIdle()) return runAlone(silentTurn(this.#silentTurns++), body);
    this.#ensureOpen();
    const runId = freshRunId(recorder, info.runId);
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

  /** Ends the session; open turns end as cancelled. Ending it again does nothing. Default reason `end`. */
  end(
    reason = "end",
    info: {
      readonly lastMessage?: string | undefined;
      readonly metadata?: Metadata | undefined;
    } = {},
  ): void {
    if (!this.#told) return;
    this.#told = false;
    if (!this.#isOpen()) return;
    const { lifecycle, now } = this.#recorder;
    const { sessionKey, sessionId } = this;
    lifecycle.tell({ type: "session.close", time: now(), sessionKey, sessionId, reason, ...info });
  }

  [Symbol.dispose](): void {
    this.end();
  }

  #apply(event: EventOfSession): void {
    if (!this.#told && this.#recorder.isIdle()) return;
    this.#ensureOpen();
    const { sessionKey, sessionId } = this;
    this.#recorder.lifecycle.tell({
      ...event,
      time: this.#recorder.now(),
      sessionKey,
      sessionId,
    });
  }

  /** Opens the session in the lifecycle, once somebody listens, and again after it was ended. */
  #ensureOpen(): void {
    if (this.#told && this.#isOpen()) return;
    this.#told = true;
    this.#recorder.lifecycle.tell({
      ...this.#info,
      type: "session.open",
      time: this.#recorder.now(),
      sessionId: this.sessionId,
    });
  }

  #isOpen(): boolean {
    const open = this.#recorder.lifecycle.state.sessions.get(this.sessionKey);
    return open !== undefined && open.sessionId === this.sessionId;
  }
}

type EventOfSession =
  | ({ readonly type: "session.patch"; readonly patch: Settings } & PatchInfo)
  | ({ readonly type: "message.received" | "message.sent" } & MessageInfo);

function parentOf(parent: Context | undefined): TraceIds | undefined {
  const span = parent === undefined ? undefined : trace.getSpanContext(parent);
  if (span === undefined || !isSpanContextValid(span)) return undefined;
  return {
    traceId: span.traceId,
    parentSpanId: span.spanId,
    parentIsRemote: span.isRemote ?? false,
  };
}
