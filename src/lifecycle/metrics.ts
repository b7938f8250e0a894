import type { Attributes, Counter, Histogram, Meter, ObservableResult } from "@opentelemetry/api";
import * as genAi from "../semconv/gen-ai.ts";
import * as names from "../semconv/metrics.ts";
import {
  ATTR_HOOK_NAME,
  ATTR_REASON,
  ATTR_SIGNAL,
  ATTR_TURN_OUTCOME,
  UNCOUNTED_TRIGGERS,
} from "../semconv/turnspan.ts";
import { NANO } from "./attribute-table.ts";
import { agentName } from "./attributes.ts";
import { BatchedCounter } from "./batched-counter.ts";
import type { Outcome } from "./events.ts";
import type { CallEndRecord, LifecycleRecord, RunEndRecord } from "./records.ts";
import type { SessionState } from "./state.ts";

const OUTCOMES: readonly Outcome[] = ["completed", "failed", "blocked", "cancelled", "abandoned"];
const MAX_AGENTS = 2000;

const TURN_ATTRIBUTES = [genAi.ATTR_GEN_AI_AGENT_NAME, ATTR_TURN_OUTCOME] as const;
const PAID_ATTRIBUTES = [
  genAi.ATTR_GEN_AI_AGENT_NAME,
  genAi.ATTR_GEN_AI_PROVIDER_NAME,
  genAi.ATTR_GEN_AI_RESPONSE_MODEL,
] as const;

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

type OpenSessions = ReadonlyMap<string, SessionState>;

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
  readonly #ended: BatchedCounter;
  readonly #cost: BatchedCounter;
  readonly #unknownCost: BatchedCounter;
  readonly #seen = new Set<string>();
  readonly #dropped: Counter;
  readonly #sessions: OpenSessions;
  /** Agents that had a session: none open is a 0 for them, not a gap. */
  readonly #hosts = new Set<string>();

  /**
   * `sessions`: those open now. `flush` sends what is there; it is asked when an agent is first seen, so
   * that its zeros go out before its first turn.
   */
  constructor(meter: Meter, sessions: OpenSessions, flush: (() => void) | undefined) {
    this.#sessions = sessions;
    this.#flush = flush;
    this.#operation = histogram(meter, names.METRIC_CLIENT_OPERATION_DURATION);
    this.#tokens = histogram(meter, names.METRIC_CLIENT_TOKEN_USAGE);
    this.#firstChunk = histogram(meter, names.METRIC_TIME_TO_FIRST_CHUNK);
    this.#agent = histogram(meter, names.METRIC_INVOKE_AGENT_DURATION);
    this.#tool = histogram(meter, names.METRIC_EXECUTE_TOOL_DURATION);
    this.#session = histogram(meter, names.METRIC_SESSION_DURATION);
    this.#hook = histogram(meter, names.METRIC_HOOK_DURATION);
    this.#turns = counter(meter, names.METRIC_TURN_COUNT);
    this.#ended = new BatchedCounter(this.#turns, TURN_ATTRIBUTES);
    this.#cost = new BatchedCounter(counter(meter, names.METRIC_COST), PAID_ATTRIBUTES, NANO);
    this.#unknownCost = new BatchedCounter(
      counter(meter, names.METRIC_COST_UNKNOWN),
      PAID_ATTRIBUTES,
    );
    this.#dropped = counter(meter, names.METRIC_TELEMETRY_DROPPED);
    const { unit, description } = names.metricTable[names.METRIC_SESSION_ACTIVE];
    meter
      .createObservableGauge(names.METRIC_SESSION_ACTIVE, { unit, description })
      .addCallback((result) => {
        this.#observeActive(result);
        // An SDK asks what is observed before it collects what was counted.
        this.#flushSums();
      });
  }

  #flushSums(): void {
    this.#ended.flush();
    this.#cost.flush();
    this.#unknownCost.flush();
  }

  /** Counted when it is asked: what is added and taken away may go wrong, an agent may be renamed. */
  #observeActive(result: ObservableResult): void {
    const open = new Map<string, number>();
    for (const agent of this.#hosts) open.set(agent, 0);
    for (const session of this.#sessions.values()) {
      if (session.parent !== undefined) continue;
      const agent = agentName(session);
      if (this.#rememberHost(agent)) open.set(agent, (open.get(agent) ?? 0) + 1);
    }
    for (const [agent, count] of open) {
      result.observe(count, { [genAi.ATTR_GEN_AI_AGENT_NAME]: agent });
    }
  }

  /** Remembers it, while there is room. */
  #rememberHost(agent: string): boolean {
    if (this.#hosts.size < MAX_AGENTS) this.#hosts.add(agent);
    return this.#hosts.has(agent);
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
        this.#rememberHost(agentName(record.session));
        return;
      case "session.end":
        this.#session.record(record.durationMs / 1000, agentOf(record.session));
        this.#flushSums();
        return;
      default:
    }
  }

  hookDuration(hook: string, seconds: number, errorType: string | undefined): void {
    const attributes: Attributes = { [ATTR_HOOK_NAME]: hook };
    if (errorType !== undefined) attributes[genAi.ATTR_ERROR_TYPE] = errorType;
    this.#hook.record(seconds, attributes);
  }

  dropped(signal: string, reason: string, count: number): void {
    this.#dropped.add(count, { [ATTR_SIGNAL]: signal, [ATTR_REASON]: reason });
  }

  #firstSeen(agent: string): void {
    if (this.#seen.has(agent) || this.#seen.size >= MAX_AGENTS) return;
    this.#seen.add(agent);
    for (const outcome of OUTCOMES) {
      this.#turns.add(0, { [genAi.ATTR_GEN_AI_AGENT_NAME]: agent, [ATTR_TURN_OUTCOME]: outcome });
    }
    this.#flush?.();
  }

  #modelCall({ run, call, time }: CallEndRecord): void {
    const model: Attributes = {
      [genAi.ATTR_GEN_AI_OPERATION_NAME]: call.name,
      [genAi.ATTR_GEN_AI_PROVIDER_NAME]: call.provider,
      [genAi.ATTR_GEN_AI_REQUEST_MODEL]: call.model,
      [genAi.ATTR_GEN_AI_RESPONSE_MODEL]: call.responseModel,
    };
    if (!call.isRest) {
      this.#operation.record(
        (time - call.startTime) / 1000,
        call.errorType === undefined
          ? model
          : { ...model, [genAi.ATTR_ERROR_TYPE]: call.errorType },
      );
    }
    if (call.timeToFirstChunkMs !== undefined && call.stream === true) {
      this.#firstChunk.record(call.timeToFirstChunkMs / 1000, model);
    }
    this.#tokenPoint(call.usage?.inputTokens, genAi.GEN_AI_TOKEN_TYPE_VALUE_INPUT, model);
    this.#tokenPoint(call.usage?.outputTokens, genAi.GEN_AI_TOKEN_TYPE_VALUE_OUTPUT, model);
    const sums = call.cost === undefined ? this.#unknownCost : this.#cost;
    const paidModel = call.responseModel ?? call.model;
    sums.add(call.cost?.nanoUsd ?? 1, agentName(run), call.provider, paidModel);
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
    if (run.kind === "turn" && !UNCOUNTED_TRIGGERS.has(run.trigger)) {
      this.#ended.add(1, agent, outcome);
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
