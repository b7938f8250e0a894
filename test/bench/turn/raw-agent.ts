import {
  type Attributes,
  type Counter,
  type Histogram,
  type Link,
  type Logger,
  type Meter,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
} from "@opentelemetry/api";
import { type Agent, runSteps } from "./bare-agent.ts";
import {
  actor,
  agent,
  callModel,
  callTool,
  type ModelWork,
  PATCH_SOURCE,
  patchOf,
  priceOf,
  session,
  type ToolWork,
} from "./workload.ts";

/** Where a hand-written instrumentation writes. */
export interface RawOutputs {
  readonly tracer: Tracer;
  readonly meter: Meter;
  readonly logger: Logger;
  /** `ten`: durations and the turn's own point only. */
  readonly points: "all" | "ten";
}

interface RunningTurn {
  readonly span: Span;
  readonly runId: string;
  readonly index: number;
  modelCalls: number;
  toolCalls: number;
  inputTokens: number;
  outputTokens: number;
  nanoUsd: number;
}

const RECORD_BASE = "6f0c5f9b2d3e4a71";
const INFO = { severityNumber: 9, severityText: "INFO" } as const;

/**
 * The same telemetry as ours, written by hand against the OpenTelemetry API as its own documentation
 * shows it: `startActiveSpan` with what is known at the start, the rest when it is known.
 */
export class RawAgent implements Agent {
  readonly #out: RawOutputs;
  readonly #session: Span;
  readonly #settings: Record<string, string> = {};
  readonly #operation: Histogram;
  readonly #tokens: Histogram;
  readonly #tool: Histogram;
  readonly #run: Histogram;
  readonly #turns: Counter;
  readonly #cost: Counter;
  #index = 0;
  #ordinal = 0;

  constructor(out: RawOutputs) {
    this.#out = out;
    const { tracer, meter } = out;
    this.#session = tracer.startSpan(`session ${agent.id}`, {
      attributes: { "turnspan.kind": "session", "gen_ai.agent.name": agent.id },
    });
    this.#operation = meter.createHistogram("gen_ai.client.operation.duration", { unit: "s" });
    this.#tokens = meter.createHistogram("gen_ai.client.token.usage", { unit: "{token}" });
    this.#tool = meter.createHistogram("gen_ai.execute_tool.duration", { unit: "s" });
    this.#run = meter.createHistogram("gen_ai.invoke_agent.duration", { unit: "s" });
    this.#turns = meter.createCounter("turnspan.turn.count", { unit: "{turn}" });
    this.#cost = meter.createCounter("turnspan.cost", { unit: "{USD}" });
  }

  turn(): Promise<string> {
    const index = this.#index++;
    const runId = `run-${index}`;
    const options = {
      root: true,
      kind: SpanKind.INTERNAL,
      links: [this.#sessionLink()],
      attributes: {
        "turnspan.kind": "turn",
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": agent.id,
        "gen_ai.agent.id": agent.id,
        "gen_ai.request.model": agent.model,
        "session.id": session.id,
        "gen_ai.conversation.id": session.id,
        "turnspan.session.key": session.key,
        "turnspan.session.generation": 1,
        "turnspan.run.id": runId,
        "turnspan.turn.index": index,
      },
    };
    return this.#out.tracer.startActiveSpan(`invoke_agent ${agent.id}`, options, (span) =>
      this.#runTurn({
        span,
        runId,
        index,
        modelCalls: 0,
        toolCalls: 0,
        inputTokens: 0,
        outputTokens: 0,
        nanoUsd: 0,
      }),
    );
  }

  end(): void {
    this.#session.end();
  }

  #sessionLink(): Link {
    return {
      context: this.#session.spanContext(),
      attributes: { "turnspan.link.kind": "session" },
    };
  }

  async #runTurn(turn: RunningTurn): Promise<string> {
    const startedAt = performance.now();
    this.#log("turnspan.turn.start", "run.start", {
      "gen_ai.agent.id": agent.id,
      "turnspan.run.id": turn.runId,
      "turnspan.turn.index": turn.index,
      "gen_ai.request.model": agent.model,
    });
    try {
      const answer = await runSteps({
        model: (work) => this.#model(turn, work),
        tool: (work) => this.#callTool(turn, work),
        patch: () => this.#patchTwice(turn),
      });
      this.#completed(turn, performance.now() - startedAt);
      return answer;
    } catch (error) {
      fail(turn.span, error);
      throw error;
    } finally {
      turn.span.end();
    }
  }

  #completed(turn: RunningTurn, durationMs: number): void {
    const totals = {
      "turnspan.turn.outcome": "completed",
      "turnspan.turn.stop_reason": "stop",
      "turnspan.turn.model_calls": turn.modelCalls,
      "turnspan.turn.tool_calls": turn.toolCalls,
      "turnspan.turn.input_tokens": turn.inputTokens,
      "turnspan.turn.output_tokens": turn.outputTokens,
      "turnspan.turn.cost.usd": turn.nanoUsd / 1e9,
    };
    turn.span.setAttributes(totals);
    this.#turns.add(1, {
      "gen_ai.agent.name": agent.id,
      "turnspan.turn.outcome": "completed",
    });
    this.#run.record(durationMs / 1000, {
      "gen_ai.agent.name": agent.id,
      "gen_ai.provider.name": agent.provider,
      "gen_ai.request.model": agent.model,
    });
    this.#log("turnspan.turn.end", "run.end", {
      ...totals,
      "turnspan.run.id": turn.runId,
      "turnspan.session.generation": 1,
      "gen_ai.agent.id": agent.id,
      "turnspan.turn.index": turn.index,
      "gen_ai.request.model": agent.model,
      "turnspan.turn.duration_ms": durationMs,
    });
  }

  #model(turn: RunningTurn, work: ModelWork): Promise<ModelWork> {
    const options = {
      kind: SpanKind.CLIENT,
      attributes: {
        "turnspan.kind": "model_call",
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": work.provider,
        "gen_ai.request.model": work.model,
        "gen_ai.agent.name": agent.id,
        "session.id": session.id,
        "gen_ai.conversation.id": session.id,
        "turnspan.session.key": session.key,
        "turnspan.run.id": turn.runId,
      },
    };
    return this.#out.tracer.startActiveSpan(`chat ${work.model}`, options, async (span) => {
      const startedAt = performance.now();
      try {
        const answer = await callModel(work);
        this.#answered(turn, span, answer, performance.now() - startedAt);
        return answer;
      } catch (error) {
        fail(span, error);
        throw error;
      } finally {
        span.end();
      }
    });
  }

  #answered(turn: RunningTurn, span: Span, answer: ModelWork, durationMs: number): void {
    const { inputTokens, outputTokens } = answer.usage;
    const cost = priceOf(answer.usage);
    turn.modelCalls += 1;
    turn.inputTokens += inputTokens;
    turn.outputTokens += outputTokens;
    turn.nanoUsd += cost.nanoUsd;
    span.setAttributes({
      "gen_ai.response.model": answer.responseModel,
      "gen_ai.response.id": answer.responseId,
      "gen_ai.response.finish_reasons": [answer.stopReason],
      "gen_ai.usage.input_tokens": inputTokens,
      "gen_ai.usage.output_tokens": outputTokens,
      "turnspan.cost.usd": cost.nanoUsd / 1e9,
      "turnspan.cost.source": cost.source,
    });
    const about = {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": answer.provider,
      "gen_ai.request.model": answer.model,
      "gen_ai.response.model": answer.responseModel,
    };
    this.#operation.record(durationMs / 1000, about);
    if (this.#out.points === "ten") return;
    this.#tokens.record(inputTokens, { ...about, "gen_ai.token.type": "input" });
    this.#tokens.record(outputTokens, { ...about, "gen_ai.token.type": "output" });
    this.#cost.add(cost.nanoUsd / 1e9, {
      "gen_ai.agent.name": agent.id,
      "gen_ai.provider.name": answer.provider,
      "gen_ai.response.model": answer.responseModel,
    });
  }

  #callTool(turn: RunningTurn, work: ToolWork): Promise<string> {
    const options = {
      kind: SpanKind.INTERNAL,
      attributes: {
        "turnspan.kind": "tool_call",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": work.name,
        "gen_ai.tool.call.id": work.callId,
        "gen_ai.agent.name": agent.id,
        "session.id": session.id,
        "gen_ai.conversation.id": session.id,
        "turnspan.session.key": session.key,
        "turnspan.run.id": turn.runId,
      },
    };
    return this.#out.tracer.startActiveSpan(`execute_tool ${work.name}`, options, async (span) => {
      const startedAt = performance.now();
      try {
        const result = await callTool(work);
        turn.toolCalls += 1;
        this.#tool.record((performance.now() - startedAt) / 1000, {
          "gen_ai.tool.name": work.name,
          "gen_ai.agent.name": agent.id,
        });
        return result;
      } catch (error) {
        fail(span, error);
        throw error;
      } finally {
        span.end();
      }
    });
  }

  #patchTwice(turn: RunningTurn): void {
    const [model, thinking] = patchOf(turn.index);
    this.#patch(turn, "model", model.model);
    this.#patch(turn, "thinkingLevel", thinking.thinkingLevel);
  }

  #patch(turn: RunningTurn, field: string, after: string): void {
    const before = this.#settings[field];
    this.#settings[field] = after;
    const attributes: Attributes = {
      "turnspan.patch.fields": [field],
      "turnspan.patch.source": PATCH_SOURCE,
      "turnspan.patch.actor.kind": actor.kind,
      "turnspan.patch.actor.id": actor.id,
      "turnspan.run.id": turn.runId,
      [`turnspan.patch.${field}.after`]: after,
    };
    if (before === undefined) attributes[`turnspan.patch.${field}.before_unknown`] = true;
    else attributes[`turnspan.patch.${field}.before`] = before;
    this.#session.addEvent("turnspan.session.patch", attributes);
    turn.span.addEvent("turnspan.session.patch", attributes);
    this.#log("turnspan.session.patch", "session.patch", attributes);
  }

  /** An event with the active span's trace context. */
  #log(eventName: string, type: string, attributes: Attributes): void {
    this.#out.logger.emit({
      eventName,
      ...INFO,
      attributes: {
        "turnspan.record.id": `${RECORD_BASE}-${type}-${this.#ordinal++}`,
        "turnspan.record.version": 1,
        "gen_ai.agent.name": agent.id,
        "session.id": session.id,
        "gen_ai.conversation.id": session.id,
        "turnspan.session.key": session.key,
        ...attributes,
      },
    });
  }
}

function fail(span: Span, error: unknown): void {
  span.setAttribute("error.type", error instanceof Error ? error.name : "_OTHER");
  span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
}
