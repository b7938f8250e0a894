import { CodedError } from "../base/errors.ts";
import type { AgentIdentity, StopReason } from "./events.ts";
import { describeFailure } from "./failure.ts";
import type { Abort, Verdict } from "./hand-over.ts";
import {
  type ModelCall,
  ModelCallHandle,
  type ModelCallInfo,
  silentModelCall,
} from "./model-call.ts";
import { freshRunId, type Recorder, runAlone, runInside } from "./recorder.ts";
import { type CallState, findCall, type RunState } from "./state.ts";
import { silentToolCall, type ToolCall, ToolCallHandle, type ToolCallInfo } from "./tool-call.ts";
import { readStopReason } from "./usage.ts";

/** How a child agent is to be known. */
export interface SubagentInfo<T = unknown> extends AgentIdentity {
  readonly label?: string | undefined;
  readonly runId?: string | undefined;
  /** The child's own session; default: its parent's. */
  readonly sessionKey?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly model?: string | undefined;
  readonly provider?: string | undefined;
  readonly message?: string | undefined;
  /** The `callId` of the tool call that spawns it; default: the only one that is open. */
  readonly toolCallId?: string | undefined;
  /** Goes on by itself: a root span with a link in place of a child. */
  readonly detached?: boolean | undefined;
  /** Asked for the result when a guard stops the child; without it TURN_BLOCKED is thrown. */
  readonly onBlocked?: ((abort: Abort) => T | PromiseLike<T>) | undefined;
}

/** One run of an agent: a turn, or a subagent's. Bodies run inside their spans; what they throw is rethrown. */
export interface Turn {
  readonly runId: string;
  /** From 0 in each session segment. */
  readonly turnIndex: number;
  /** W3C trace context to hand on; undefined where nothing traces. */
  readonly traceparent: string | undefined;
  modelCall<T>(info: ModelCallInfo, body: (call: ModelCall) => T | PromiseLike<T>): Promise<T>;
  toolCall<T>(info: ToolCallInfo, body: (call: ToolCall) => T | PromiseLike<T>): Promise<T>;
  subagent<T>(info: SubagentInfo<T>, body: (child: Turn) => T | PromiseLike<T>): Promise<T>;
  /** Says that the run is tried again; the first try is number 1. */
  attempt(
    attempt: number,
    why?: { readonly reason?: string | undefined; readonly delayMs?: number | undefined },
  ): void;
  /**
   * Says the answer, which `session:end` hands on and spans carry where the content mode allows, and why
   * the model stopped. Default: the finish reason of the last model call.
   */
  reply(text: string | undefined, stopReason?: StopReason): void;
}

const traceparentOf = (subject: RunState | CallState | undefined): string | undefined =>
  subject?.ids === undefined
    ? undefined
    : `00-${subject.ids.traceId}-${subject.ids.spanId}-${subject.ids.traceFlags === 0 ? "00" : "01"}`;

/** What a turn does when nobody listens: runs the bodies. */
class SilentTurn implements Turn {
  readonly runId = "";
  readonly traceparent = undefined;
  readonly turnIndex: number;

  constructor(turnIndex: number) {
    this.turnIndex = turnIndex;
  }

  modelCall<T>(_info: ModelCallInfo, body: (call: ModelCall) => T | PromiseLike<T>): Promise<T> {
    return runAlone(silentModelCall, body);
  }

  toolCall<T>(_info: ToolCallInfo, body: (call: ToolCall) => T | PromiseLike<T>): Promise<T> {
    return runAlone(silentToolCall, body);
  }

  subagent<T>(_info: SubagentInfo<T>, body: (child: Turn) => T | PromiseLike<T>): Promise<T> {
    return runAlone(this, body);
  }

  attempt(): void {}

  reply(): void {}
}

export const silentTurn = (turnIndex: number): Turn => new SilentTurn(turnIndex);

const nthId = (callId: string, count: number): string => `${callId}#${count}`;

class TurnHandle implements Turn {
  readonly runId: string;
  readonly #recorder: Recorder;
  readonly #run: RunState | undefined;
  #calls = 0;
  #lastMessage: string | undefined;
  #stopReason: StopReason | undefined;

  constructor(recorder: Recorder, runId: string, run: RunState | undefined) {
    this.runId = runId;
    this.#recorder = recorder;
    this.#run = run;
  }

  get turnIndex(): number {
    return this.#run?.turnIndex ?? 0;
  }

  get traceparent(): string | undefined {
    return traceparentOf(this.#run);
  }

  modelCall<T>(info: ModelCallInfo, body: (call: ModelCall) => T | PromiseLike<T>): Promise<T> {
    const callId = this.#freshCallId("model_call", info.callId ?? `m${this.#calls++}`);
    const call = new ModelCallHandle(this.#recorder, this.runId, callId, info);
    return runInside(this.#recorder, this.#find("model_call", callId), call, body);
  }

  toolCall<T>(info: ToolCallInfo, body: (call: ToolCall) => T | PromiseLike<T>): Promise<T> {
    const callId = this.#freshCallId("tool_call", info.callId ?? `t${this.#calls++}`);
    const call = new ToolCallHandle(this.#recorder, this.runId, callId, info);
    return runInside(this.#recorder, this.#find("tool_call", callId), call, body);
  }

  #find(kind: CallState["kind"], callId: string): CallState | undefined {
    return this.#run && findCall(this.#run, kind, callId);
  }

  /** Each body is a call of its own: told under a known id, it would be taken for a repetition. */
  #freshCallId(kind: CallState["kind"], wanted: string): string {
    if (this.#find(kind, wanted) === undefined) return wanted;
    let count = 2;
    while (this.#find(kind, nthId(wanted, count)) !== undefined) count += 1;
    return nthId(wanted, count);
  }

  /** Of several calls with the id that a subagent names, the last one that is open spawned it. */
  #spawningCallId(wanted: string): string {
    let callId = wanted;
    for (let count = 2; ; count += 1) {
      const next = this.#find("tool_call", nthId(wanted, count));
      if (next === undefined) return callId;
      if (next.endTime === undefined) callId = next.callId;
    }
  }

  subagent<T>(info: SubagentInfo<T>, body: (child: Turn) => T | PromiseLike<T>): Promise<T> {
    const runId = freshRunId(this.#recorder, info.runId);
    const verdict = this.#spawn(runId, info);
    return runGuarded(this.#recorder, runId, verdict, info.onBlocked, body);
  }

  #spawn(runId: string, info: Omit<SubagentInfo, "onBlocked">): Verdict | Promise<Verdict> {
    const { lifecycle, now } = this.#recorder;
    const parentSessionKey = this.#run?.session.sessionKey ?? "";
    const session = {
      time: now(),
      sessionKey: info.sessionKey ?? parentSessionKey,
      sessionId: info.sessionId,
      agentId: info.agentId,
      agentName: info.agentName,
      runId,
    };
    lifecycle.tell({
      ...session,
      type: "subagent.spawn",
      label: info.label,
      toolCallId: info.toolCallId === undefined ? undefined : this.#spawningCallId(info.toolCallId),
      detached: info.detached,
      parentSessionKey,
      parentRunId: this.runId,
    });
    const { model, provider, message } = info;
    return lifecycle.ask({ ...session, type: "run.start", model, provider, message });
  }

  attempt(
    attempt: number,
    why: { readonly reason?: string | undefined; readonly delayMs?: number | undefined } = {},
  ): void {
    const { lifecycle, now } = this.#recorder;
    lifecycle.tell({ type: "run.attempt", time: now(), runId: this.runId, attempt, ...why });
  }

  reply(text: string | undefined, stopReason?: StopReason): void {
    this.#lastMessage = text;
    this.#stopReason = stopReason ?? this.#stopReason;
  }

  ended(): void {
    this.#recorder.lifecycle.tell({
      type: "run.end",
      time: this.#recorder.now(),
      runId: this.runId,
      outcome: "completed",
      lastMessage: this.#lastMessage,
      stopReason: this.#stopReason ?? lastStopReason(this.#run),
    });
  }

  failed(thrown: unknown): void {
    this.#recorder.lifecycle.tell({
      type: "run.end",
      time: this.#recorder.now(),
      runId: this.runId,
      lastMessage: this.#lastMessage,
      ...describeFailure(thrown),
    });
  }

  blocked(abort: Abort): void {
    const { lifecycle, now } = this.#recorder;
    const { runId } = this;
    const { reason, hook } = abort;
    lifecycle.tell({ type: "run.blocked", time: now(), runId, reason, hook });
    lifecycle.tell({ type: "run.end", time: now(), runId, outcome: "blocked" });
  }
}

function lastStopReason(run: RunState | undefined): StopReason | undefined {
  let last: string | undefined;
  for (const call of run?.calls.values() ?? []) last = call.finishReasons?.at(-1) ?? last;
  return readStopReason(last);
}

type Body<T> = (turn: Turn) => T | PromiseLike<T>;
type OnBlocked<T> = ((abort: Abort) => T | PromiseLike<T>) | undefined;

/** Waits for the guards, then runs the body, or says that the run was blocked. The body is not called then. */
export function runGuarded<T>(
  recorder: Recorder,
  runId: string,
  asked: Verdict | Promise<Verdict>,
  onBlocked: OnBlocked<T>,
  body: Body<T>,
): Promise<T> {
  const run = recorder.lifecycle.state.runs.get(runId);
  const turn = new TurnHandle(recorder, runId, run);
  if (asked === undefined) return runInside(recorder, run, turn, body);
  return runIfAdmitted(recorder, run, turn, asked, onBlocked, body);
}

async function runIfAdmitted<T>(
  recorder: Recorder,
  run: RunState | undefined,
  turn: TurnHandle,
  asked: Verdict | Promise<Verdict>,
  onBlocked: OnBlocked<T>,
  body: Body<T>,
): Promise<T> {
  const verdict = await asked;
  if (verdict?.abort !== true) return runInside(recorder, run, turn, body);
  const reason = verdict.reason ?? "aborted by hook";
  turn.blocked({ ...verdict, reason });
  if (onBlocked !== undefined) return onBlocked({ ...verdict, reason });
  throw new CodedError("TURN_BLOCKED", `the turn was blocked: ${reason}`);
}
