import { describeFailure } from "./failure.ts";
import type { Ending, Recorder } from "./recorder.ts";

/** What is known of a tool call before it runs. */
export interface ToolCallInfo {
  readonly name: string;
  /** The model's id of the call; a second call of the turn with it is `ID#2`. Default: a number of its own. */
  readonly callId?: string | undefined;
  /** The arguments; kept only where the content mode allows. */
  readonly input?: unknown;
}

/** A tool call while it runs. */
export interface ToolCall {
  /** Says what the tool gave back; kept only where the content mode allows. */
  result(output: unknown): void;
  /** Says that the tool failed although its code returned: `error.type` and the text of its answer. */
  fail(errorType: string, error?: string): void;
}

export const silentToolCall: ToolCall = { result() {}, fail() {} };

export class ToolCallHandle implements ToolCall, Ending {
  readonly #recorder: Recorder;
  readonly #runId: string;
  readonly #callId: string;
  #output: unknown;
  #failure: { readonly errorType: string; readonly error: string | undefined } | undefined;

  constructor(recorder: Recorder, runId: string, callId: string, info: ToolCallInfo) {
    this.#recorder = recorder;
    this.#runId = runId;
    this.#callId = callId;
    const { name, input } = info;
    const time = recorder.now();
    recorder.lifecycle.tell({ type: "tool.start", time, runId, callId, name, input });
  }

  result(output: unknown): void {
    this.#output = output;
  }

  fail(errorType: string, error?: string): void {
    this.#failure = { errorType, error };
  }

  ended(): void {
    this.#end(this.#failure === undefined ? "completed" : "failed", this.#failure);
  }

  failed(thrown: unknown): void {
    const failure = describeFailure(thrown);
    this.#end(failure.outcome, failure);
  }

  #end(
    outcome: "completed" | "failed" | "cancelled",
    failure: { readonly errorType: string; readonly error: string | undefined } | undefined,
  ): void {
    this.#recorder.lifecycle.tell({
      type: "tool.end",
      time: this.#recorder.now(),
      runId: this.#runId,
      callId: this.#callId,
      output: this.#output,
      outcome,
      error: failure?.error,
      errorType: failure?.errorType,
    });
  }
}
