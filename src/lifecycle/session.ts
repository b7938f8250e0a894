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
  readonly #recorder: Recorder;
  readonly #info: SessionInfo;
  /** Turns that nobody heard of. Undefined from when the session was told of until its `end`. */
  #silentTurns: number | undefined = 0;

  constructor(recorder: Recorder, info: SessionInfo) {
    this.#recorder = recorder;
    this.#info = info;
    if (!recorder.isIdle()) this.#ensureOpen();
  }

  get sessionKey(): string {
    return this.#info.sessionKey;
  }

  get sessionId(): string {
    return this.#info.sessionId ?? this.#info.sessionKey;
  }

  /**
   * Runs one turn: guards first, then the body inside the turn's span. What the body throws is rethrown
   * untouched. Throws TURN_BLOCKED where a guard said no and there is no `onBlocked`.
   */
  turn<T>(info: TurnInfo<T>, body: (turn: Turn) => T | PromiseLike<T>): Promise<T> {
    const recorder = this.#recorder;
    if (recorder.isIdle()) return runAlone(silentTurn(this.#countSilentTurn()), body);
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
    if (!this.#isHeard()) return;
    const { actor, source, entry, cfg } = info;
    this.#recorder.lifecycle.tell({
      type: "session.patch",
      time: this.#recorder.now(),
      sessionKey: this.sessionKey,
      sessionId: this.sessionId,
      patch,
      actor,
      source,
      entry,
      cfg,
    });
  }

  /** Says that a user's message arrived, before it is worked on. */
  messageReceived(message: MessageInfo = {}): void {
    this.#tellMessage({ type: "message.received", ...message });
  }

  /** Says that an answer went out. */
  messageSent(message: MessageInfo = {}): void {
    this.#tellMessage({ type: "message.sent", ...message });
  }

  /** Ends the session; open turns end as cancelled. Ending it again does nothing. Default reason `end`. */
  end(
    reason = "end",
    info: {
      readonly lastMessage?: string | undefined;
      readonly metadata?: Metadata | undefined;
    } = {},
  ): void {
    if (this.#silentTurns !== undefined) return;
    this.#silentTurns = 0;
    if (!this.#isOpen()) return;
    const { lifecycle, now } = this.#recorder;
    const { sessionKey, sessionId } = this;
    lifecycle.tell({ type: "session.close", time: now(), sessionKey, sessionId, reason, ...info });
  }

  [Symbol.dispose](): void {
    this.end();
  }

  #tellMessage(event: { readonly type: "message.received" | "message.sent" } & MessageInfo): void {
    if (!this.#isHeard()) return;
    const { sessionKey, sessionId } = this;
    this.#recorder.lifecycle.tell({
      ...event,
      time: this.#recorder.now(),
      sessionKey,
      sessionId,
    });
  }

  /** Whether there is a session to tell of; opens it where somebody listens by now. */
  #isHeard(): boolean {
    if (this.#silentTurns !== undefined && this.#recorder.isIdle()) return false;
    this.#ensureOpen();
    return true;
  }

  /** Opens the session in the lifecycle, once somebody listens, and again after it was ended. */
  #ensureOpen(): void {
    if (this.#silentTurns === undefined && this.#isOpen()) return;
    this.#silentTurns = undefined;
    this.#recorder.lifecycle.tell({
      ...this.#info,
      type: "session.open",
      time: this.#recorder.now(),
      sessionId: this.sessionId,
    });
  }

  #countSilentTurn(): number {
    if (this.#silentTurns === undefined) return 0;
    this.#silentTurns += 1;
    return this.#silentTurns - 1;
  }

  #isOpen(): boolean {
    const open = this.#recorder.lifecycle.state.sessions.get(this.sessionKey);
    return open !== undefined && open.sessionId === this.sessionId;
  }
}

function parentOf(parent: Context | undefined): TraceIds | undefined {
  const span = parent === undefined ? undefined : trace.getSpanContext(parent);
  if (span === undefined || !isSpanContextValid(span)) return undefined;
  return {
    traceId: span.traceId,
    parentSpanId: span.spanId,
    parentIsRemote: span.isRemote ?? false,
  };
}
