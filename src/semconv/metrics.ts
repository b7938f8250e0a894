/** Metric names, units and bucket boundaries; the generated docs and the instruments read this one table. */
export interface MetricDefinition {
  readonly kind: "histogram" | "counter" | "gauge";
  readonly unit: string;
  readonly description: string;
  /** Attribute names a point may carry, in the order of the docs. */
  readonly attributes: readonly string[];
  readonly buckets?: readonly number[];
}

const SECONDS_OF_A_CALL = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
] as const;
const SECONDS_OF_AN_AGENT = [
  0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6,
] as const;
const SECONDS_OF_A_SESSION = [
  1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400,
] as const;
const TOKENS = [
  1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216,
  67_108_864,
] as const;
const SECONDS_OF_A_HOOK = [0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] as const;

export const METRIC_CLIENT_OPERATION_DURATION = "gen_ai.client.operation.duration";
export const METRIC_CLIENT_TOKEN_USAGE = "gen_ai.client.token.usage";
export const METRIC_TIME_TO_FIRST_CHUNK = "gen_ai.client.operation.time_to_first_chunk";
export const METRIC_INVOKE_AGENT_DURATION = "gen_ai.invoke_agent.duration";
export const METRIC_EXECUTE_TOOL_DURATION = "gen_ai.execute_tool.duration";
export const METRIC_TURN_COUNT = "turnspan.turn.count";
export const METRIC_SESSION_ACTIVE = "turnspan.session.active";
export const METRIC_SESSION_DURATION = "turnspan.session.duration";
export const METRIC_COST = "turnspan.cost";
export const METRIC_COST_UNKNOWN = "turnspan.cost.unknown_calls";
export const METRIC_HOOK_DURATION = "turnspan.hook.duration";
export const METRIC_BUDGET_LIMIT = "turnspan.budget.limit";
export const METRIC_BUDGET_USED = "turnspan.budget.used";
export const METRIC_TELEMETRY_DROPPED = "turnspan.telemetry.dropped";

const MODEL_ATTRIBUTES = [
  "gen_ai.operation.name",
  "gen_ai.provider.name",
  "gen_ai.request.model",
  "gen_ai.response.model",
] as const;

export const metricTable = {
  [METRIC_CLIENT_OPERATION_DURATION]: {
    kind: "histogram",
    unit: "s",
    description: "Duration of one model call",
    attributes: [...MODEL_ATTRIBUTES, "error.type"],
    buckets: SECONDS_OF_A_CALL,
  },
  [METRIC_CLIENT_TOKEN_USAGE]: {
    kind: "histogram",
    unit: "{token}",
    description: "Tokens of one model call; input includes cached, output includes reasoning",
    attributes: [...MODEL_ATTRIBUTES, "gen_ai.token.type"],
    buckets: TOKENS,
  },
  [METRIC_TIME_TO_FIRST_CHUNK]: {
    kind: "histogram",
    unit: "s",
    description: "Time from a streaming model call's start to its first chunk",
    attributes: MODEL_ATTRIBUTES,
    buckets: SECONDS_OF_A_CALL,
  },
  [METRIC_INVOKE_AGENT_DURATION]: {
    kind: "histogram",
    unit: "s",
    description: "Duration of one turn or subagent run; blocked turns are not measured",
    attributes: ["gen_ai.agent.name", "gen_ai.provider.name", "gen_ai.request.model", "error.type"],
    buckets: SECONDS_OF_AN_AGENT,
  },
  [METRIC_EXECUTE_TOOL_DURATION]: {
    kind: "histogram",
    unit: "s",
    description: "Duration of one tool call",
    attributes: ["gen_ai.tool.name", "gen_ai.agent.name", "error.type"],
    buckets: SECONDS_OF_A_CALL,
  },
  [METRIC_TURN_COUNT]: {
    kind: "counter",
    unit: "{turn}",
    description:
      "Turns by outcome; every outcome exists at 0 from an agent's first turn on. Announce turns and compactions are not counted",
    attributes: ["gen_ai.agent.name", "turnspan.turn.outcome"],
  },
  [METRIC_SESSION_ACTIVE]: {
    kind: "gauge",
    unit: "{session}",
    description: "Sessions open in this process",
    attributes: ["gen_ai.agent.name"],
  },
  [METRIC_SESSION_DURATION]: {
    kind: "histogram",
    unit: "s",
    description: "Duration of one session segment",
    attributes: ["gen_ai.agent.name"],
    buckets: SECONDS_OF_A_SESSION,
  },
  [METRIC_COST]: {
    kind: "counter",
    unit: "{USD}",
    description: "API list price of model calls, or the host's own cost where it gives one",
    attributes: ["gen_ai.agent.name", "gen_ai.provider.name", "gen_ai.response.model"],
  },
  [METRIC_COST_UNKNOWN]: {
    kind: "counter",
    unit: "{call}",
    description: "Model calls whose price is not known; they are in no cost figure",
    attributes: ["gen_ai.agent.name", "gen_ai.provider.name", "gen_ai.response.model"],
  },
  [METRIC_HOOK_DURATION]: {
    kind: "histogram",
    unit: "s",
    description: "Duration of one hook handler that returned a promise, or failed",
    attributes: ["turnspan.hook.name", "error.type"],
    buckets: SECONDS_OF_A_HOOK,
  },
  [METRIC_BUDGET_LIMIT]: {
    kind: "gauge",
    unit: "{amount}",
    description:
      "Limit of a budget of a day or an agent, in its own unit, with what it was raised by",
    attributes: ["turnspan.budget.name", "turnspan.budget.unit", "gen_ai.agent.name"],
  },
  [METRIC_BUDGET_USED]: {
    kind: "gauge",
    unit: "{amount}",
    description: "What was used of such a budget, by all processes of the machine",
    attributes: ["turnspan.budget.name", "turnspan.budget.unit", "gen_ai.agent.name"],
  },
  [METRIC_TELEMETRY_DROPPED]: {
    kind: "counter",
    unit: "{item}",
    description: "Telemetry that was lost, by signal and reason",
    attributes: ["turnspan.signal", "turnspan.reason"],
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof metricTable;
