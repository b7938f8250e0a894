import type { Attributes, Counter, Histogram, Meter } from "@opentelemetry/api";
import * as genAi from "../semconv/gen-ai.ts";
import * as names from "../semconv/metrics.ts";
import { ATTR_HOOK_NAME, ATTR_TURN_OUTCOME } from "../semconv/turnspan.ts";
import { toUsd } from "./attribute-table.ts";
import { agentName } from "./attributes.ts";
import type { Outcome } from "./events.ts";
import type { CallEndRecord, LifecycleRecord, RunEndRecord } from "./records.ts";
import { TRIGGER_ANNOUNCE } from "./reduce-run.ts";
import type { SessionState } from "./state.ts";

const OUTCOMES: readonly Outcome[] = ["completed", "failed", "blocked", "cancelled", "abandoned"];
const MAX_AGENTS = 2000;

export interface MetricsOptions {
  /** Sends what is there; asked when an agent is first seen, so that its zeros go out before its first turn. */
  readonly flush?: (() => void) | undefined;
}

function histogram(meter: Meter, name: names.MetricName): Histogram {
  const { unit, description, ...rest }: names.MetricDefinition = names.metricTable[name];
  return meter.createHistogram(name, {
    unit,
    description,
    ...(rest.buckets === undefined
      ? {}
      : { advice: { explicitBucketBoundaries: [...rest.buckets] } }),
  });
}

function counter(meter: Meter, name: names.MetricName): Counter {
  const { unit, description } = names.metricTable[name];
  return meter.createCounter(name, { unit, description });
}

/** Points on the API's meter, from records. Attributes are of low cardinality: never an id. */
export class LifecycleMetrics {
  readonly #flush: (() => void) | undefined;
  readonly #operation: Histogram;
  readonly #tokens: Histogram;
  readonly #firstChunk: Histogram;
  readonly #agent: Histogram;
  readonly #tool: Histogram;
  readonly #session: Histogram;
  readonly #hook: Histogram;
  readonly #turns: Counter;
  readonly #cost: Counter;
  readonly #unknownCost: Counter;
  readonly #seen = new Set<string>();
  readonly #active = new Map<string, number>();

  constructor(meter: Meter, options: MetricsOptions = {}) {
    this.#flush = options.flush;
    this.#operation = histogram(meter, names.METRIC_CLIENT_OPERATION_DURATION);
    this.#tokens = histogram(meter, names.METRIC_CLIENT_TOKEN_USAGE);
    this.#firstChunk = histogram(meter, names.METRIC_TIME_TO_FIRST_CHUNK);
    this.#agent = histogram(meter, names.METRIC_INVOKE_AGENT_DURATION);
    this.#tool = histogram(meter, names.METRIC_EXECUTE_TOOL_DURATION);
    this.#session = histogram(meter, names.METRIC_SESSION_DURATION);
    this.#hook = histogram(meter, names.METRIC_HOOK_DURATION);
    this.#turns = counter(meter, names.METRIC_TURN_COUNT);
    this.#cost = counter(meter, names.METRIC_COST);
    this.#unknownCost = counter(meter, names.METRIC_COST_UNKNOWN);
    const { unit, description } = names.metricTable[names.METRIC_SESSION_ACTIVE];
    meter
      .createObservableGauge(names.METRIC_SESSION_ACTIVE, { unit, description })
      .addCallback((result) => {
        for (const [agent, open] of this.#active) {
          result.observe(open, { [genAi.ATTR_GEN_AI_AGENT_NAME]: agent });
        }
      });
  }

  record(record: LifecycleRecord): void {
    switch (record.type) {
      case "call.end":
        if (record.call.kind === "tool_call") this.#toolCall(record);
        else this.#modelCall(record);
        return;
      case "run.start":
        return this.#firstSeen(agentName(record.run));
      case "run.end":
        return this.#run(record);
      case "session.start":
        return this.#countActive(record.session, 1);
      case "session.end":
        this.#countActive(record.session, -1);
        this.#session.record(record.durationMs / 1000, agentOf(record.session));
        return;
      default:
    }
  }

  hookDuration(hook: string, seconds: number, errorType: string | undefined): void {
    const attributes: Attributes = { [ATTR_HOOK_NAME]: hook };
    if (errorType !== undefined) attributes[genAi.ATTR_ERROR_TYPE] = errorType;
    this.#hook.record(seconds, attributes);
  }

  #firstSeen(agent: string): void {
    if (this.#seen.has(agent) || this.#seen.size >= MAX_AGENTS) return;
    this.#seen.add(agent);
    for (const outcome of OUTCOMES) {
      this.#turns.add(0, { [genAi.ATTR_GEN_AI_AGENT_NAME]: agent, [ATTR_TURN_OUTCOME]: outcome });
    }
    this.#flush?.();
  }

  #countActive(session: SessionState, change: number): void {
    const agent = agentName(session);
    // The end of a session that another process had opened.
    if (change < 0 && !this.#active.has(agent)) return;
    const open = (this.#active.get(agent) ?? 0) + change;
    if (this.#active.has(agent) || this.#active.size < MAX_AGENTS) this.#active.set(agent, open);
  }

  #modelCall({ run, call, time }: CallEndRecord): void {
    const model: Attributes = {
      [genAi.ATTR_GEN_AI_OPERATION_NAME]: call.name,
      [genAi.ATTR_GEN_AI_PROVIDER_NAME]: call.provider,
      [genAi.ATTR_GEN_AI_REQUEST_MODEL]: call.model,
      [genAi.ATTR_GEN_AI_RESPONSE_MODEL]: call.responseModel,
    };
    this.#operation.record(
      (time - call.startTime) / 1000,
      call.errorType === undefined ? model : { ...model, [genAi.ATTR_ERROR_TYPE]: call.errorType },
    );
    if (call.timeToFirstChunkMs !== undefined && call.stream === true) {
      this.#firstChunk.record(call.timeToFirstChunkMs / 1000, model);
    }
    this.#tokenPoint(call.usage?.inputTokens, genAi.GEN_AI_TOKEN_TYPE_VALUE_INPUT, model);
    this.#tokenPoint(call.usage?.outputTokens, genAi.GEN_AI_TOKEN_TYPE_VALUE_OUTPUT, model);
    const paid: Attributes = {
      [genAi.ATTR_GEN_AI_AGENT_NAME]: agentName(run),
      [genAi.ATTR_GEN_AI_PROVIDER_NAME]: call.provider,
      [genAi.ATTR_GEN_AI_RESPONSE_MODEL]: call.responseModel ?? call.model,
    };
    if (call.cost === undefined) this.#unknownCost.add(1, paid);
    else this.#cost.add(toUsd(call.cost.nanoUsd), paid);
  }

  #tokenPoint(tokens: number | undefined, type: string, model: Attributes): void {
    if (tokens === undefined) return;
    this.#tokens.record(tokens, { ...model, [genAi.ATTR_GEN_AI_TOKEN_TYPE]: type });
  }

  #toolCall({ run, call, time }: CallEndRecord): void {
    const attributes: Attributes = {
      [genAi.ATTR_GEN_AI_TOOL_NAME]: call.name,
      [genAi.ATTR_GEN_AI_AGENT_NAME]: agentName(run),
    };
    if (call.errorType !== undefined) attributes[genAi.ATTR_ERROR_TYPE] = call.errorType;
    this.#tool.record((time - call.startTime) / 1000, attributes);
  }

  #run({ run, outcome, durationMs }: RunEndRecord): void {
    const agent = agentName(run);
    if (run.kind === "turn" && run.trigger !== TRIGGER_ANNOUNCE) {
      this.#turns.add(1, {
        [genAi.ATTR_GEN_AI_AGENT_NAME]: agent,
        [ATTR_TURN_OUTCOME]: outcome,
      });
    }
    if (outcome === "blocked") return;
    const attributes: Attributes = {
      [genAi.ATTR_GEN_AI_AGENT_NAME]: agent,
      [genAi.ATTR_GEN_AI_PROVIDER_NAME]: run.provider,
      [genAi.ATTR_GEN_AI_REQUEST_MODEL]: run.model,
    };
    if (run.errorType !== undefined) attributes[genAi.ATTR_ERROR_TYPE] = run.errorType;
    this.#agent.record(durationMs / 1000, attributes);
  }
}

const agentOf = (session: SessionState): Attributes => ({
  [genAi.ATTR_GEN_AI_AGENT_NAME]: agentName(session),
});
