import { describeFailure } from "./failure.ts";
import type { Ending, Recorder } from "./recorder.ts";
import { readUsage } from "./usage.ts";

/** What is known of a model call before it is made. */
export interface ModelCallInfo {
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  /** Default: a number of its own within the turn. */
  readonly callId?: string | undefined;
  /** Default `chat`. */
  readonly operation?: string | undefined;
  readonly stream?: boolean | undefined;
  /** The prompt; kept only where the content mode allows. */
  readonly input?: unknown;
}

/** What the model answered. */
export interface ModelResponse {
  /** The model that answered: the one that is paid. */
  readonly model?: string | undefined;
  readonly id?: string | undefined;
  /** As the provider's client gave it (Anthropic, OpenAI, Gemini, Vercel AI SDK), or counts in our words. */
  readonly usage?: unknown;
  readonly stopReason?: string | null | undefined;
  readonly output?: unknown;
  /** The price in US dollars where the host knows better than the list. */
  readonly costUsd?: number | undefined;
}

/** A model call while it runs. */
export interface ModelCall {
  /** Says that the first chunk of a stream came; may be called for each chunk, only the first call counts. */
  firstToken(): void;
  /** Says what the model answered; may be called more than once, later words win. */
  response(response: ModelResponse): void;
}

const NANO = 1e9;

/** The call of a turn that nobody listens to. */
export const silentModelCall: ModelCall = { firstToken() {}, response() {} };

export class ModelCallHandle implements ModelCall, Ending {
  readonly #recorder: Recorder;
  readonly #runId: string;
  readonly #callId: string;
  #response: ModelResponse | undefined;
  #hasChunk = false;

  constructor(recorder: Recorder, runId: string, callId: string, info: ModelCallInfo) {
    this.#recorder = recorder;
    this.#runId = runId;
    this.#callId = callId;
    recorder.lifecycle.tell({
      type: "model.start",
      time: recorder.now(),
      runId,
      callId,
      operation: info.operation,
      provider: info.provider,
      model: info.model,
      stream: info.stream,
      input: info.input,
    });
  }

  firstToken(): void {
    if (this.#hasChunk) return;
    this.#hasChunk = true;
    const { lifecycle, now } = this.#recorder;
    const [runId, callId] = [this.#runId, this.#callId];
    lifecycle.tell({ type: "model.first_chunk", time: now(), runId, callId });
  }

  response(response: ModelResponse): void {
    this.#response = this.#response === undefined ? response : { ...this.#response, ...response };
  }

  ended(): void {
    this.#end(undefined);
  }

  failed(thrown: unknown): void {
    this.#end(describeFailure(thrown));
  }

  #end(failure: ReturnType<typeof describeFailure> | undefined): void {
    const response = this.#response;
    const stopReason = response?.stopReason;
    const costUsd = response?.costUsd;
    this.#recorder.lifecycle.tell({
      type: "model.end",
      time: this.#recorder.now(),
      runId: this.#runId,
      callId: this.#callId,
      responseModel: response?.model,
      responseId: response?.id,
      usage: readUsage(response?.usage),
      finishReasons: stopReason == null ? undefined : [stopReason],
      output: response?.output,
      cost:
        costUsd === undefined ? undefined : { nanoUsd: Math.round(costUsd * NANO), source: "host" },
      outcome: failure?.outcome ?? "completed",
      error: failure?.error,
      errorType: failure?.errorType,
    });
  }
}
