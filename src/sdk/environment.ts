import { signalNames } from "./otlp-delegate.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** What a variable may hold. */
interface Rule {
  readonly allowed: string;
  /** The parts of a value that are not allowed. */
  readonly wrongIn: (value: string) => readonly string[];
  /** What counts instead of a value that is wrong, or of the wrong parts of a list. */
  readonly instead: string;
}

/** One of some words; `ignoreCase` as the one who reads the variable does. */
function oneOf(names: readonly string[], instead: string, ignoreCase = false): Rule {
  const known = new Set(names);
  const wrongIn = (value: string): readonly string[] =>
    known.has(ignoreCase ? value.toLowerCase() : value) ? [] : [value];
  return { allowed: names.join(", "), wrongIn, instead };
}

/** A list of some words, with commas. */
function listOf(names: readonly string[], instead: string): Rule {
  const known = new Set(names);
  const wrongIn = (value: string): readonly string[] =>
    value.split(",").filter((part) => part.trim() !== "" && !known.has(part.trim()));
  return { allowed: names.join(", "), wrongIn, instead };
}

function numberFrom(least: number, instead: string, most = Number.MAX_VALUE): Rule {
  const isRight = (value: string): boolean => Number(value) >= least && Number(value) <= most;
  return {
    allowed: most === Number.MAX_VALUE ? `a number of ${least} or more` : `${least} to ${most}`,
    wrongIn: (value) => (isRight(value) ? [] : [value]),
    instead,
  };
}

const THE_DEFAULT = "the default";
const PROTOCOLS = ["http/json", "http/protobuf", "grpc"];
const COMPRESSIONS = ["none", "gzip"];
const others = (fallback: string): string => `the rest of the list, or ${fallback}`;

const otlpRules = (part: string, instead: (general: string) => string): Record<string, Rule> => ({
  [`OTEL_EXPORTER_OTLP${part}_PROTOCOL`]: oneOf(PROTOCOLS, instead("http/protobuf")),
  [`OTEL_EXPORTER_OTLP${part}_COMPRESSION`]: oneOf(COMPRESSIONS, instead("none")),
  [`OTEL_EXPORTER_OTLP${part}_TIMEOUT`]: numberFrom(1, instead("10000")),
});

const numbers = (names: readonly string[], least: number): Record<string, Rule> =>
  Object.fromEntries(names.map((name) => [name, numberFrom(least, THE_DEFAULT)]));

const batchVariables = ["BSP", "BLRP"].flatMap((prefix) =>
  ["MAX_QUEUE_SIZE", "MAX_EXPORT_BATCH_SIZE", "SCHEDULE_DELAY", "EXPORT_TIMEOUT"].map(
    (name) => `OTEL_${prefix}_${name}`,
  ),
);

const limitVariables = [
  "OTEL_ATTRIBUTE_COUNT_LIMIT",
  "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
  "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
  "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
  "OTEL_SPAN_EVENT_COUNT_LIMIT",
  "OTEL_SPAN_LINK_COUNT_LIMIT",
  "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
  "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
  "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
  "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
];

const SAMPLERS = ["always_on", "always_off", "traceidratio"];
const LOG_LEVELS = ["none", "error", "warn", "info", "debug", "verbose", "all"];

/** The `OTEL_*` variables whose values can be judged without knowing anything else. */
const rules: Readonly<Record<string, Rule>> = {
  OTEL_SDK_DISABLED: oneOf(["true", "false"], "false", true),
  OTEL_LOG_LEVEL: oneOf(LOG_LEVELS, "info", true),
  OTEL_TRACES_EXPORTER: listOf(["otlp", "console", "zipkin", "none"], others("otlp")),
  OTEL_LOGS_EXPORTER: listOf(["otlp", "console", "none"], others("otlp")),
  OTEL_METRICS_EXPORTER: listOf(["otlp", "console", "prometheus", "none"], others("otlp")),
  OTEL_TRACES_SAMPLER: oneOf(
    [...SAMPLERS, ...SAMPLERS.map((name) => `parentbased_${name}`)],
    "parentbased_always_on",
  ),
  OTEL_PROPAGATORS: listOf(["tracecontext", "baggage", "b3", "b3multi", "none"], others("none")),
  OTEL_NODE_RESOURCE_DETECTORS: listOf(
    ["env", "host", "os", "process", "serviceinstance", "all", "none"],
    others("none"),
  ),
  OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: oneOf(
    ["cumulative", "delta", "lowmemory"],
    "cumulative",
    true,
  ),
  OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: oneOf(
    ["explicit_bucket_histogram", "base2_exponential_bucket_histogram"],
    "explicit_bucket_histogram",
  ),
  ...otlpRules("", (general) => general),
  ...Object.assign(
    {},
    ...Object.values(signalNames).map(({ variable }) =>
      otlpRules(`_${variable}`, () => "what counts for all signals"),
    ),
  ),
  ...numbers(batchVariables, 1),
  ...numbers(limitVariables, 0),
  OTEL_METRIC_EXPORT_INTERVAL: numberFrom(1, "60000"),
  OTEL_METRIC_EXPORT_TIMEOUT: numberFrom(1, "30000"),
  OTEL_EXPORTER_PROMETHEUS_PORT: numberFrom(0, "9464", 65_535),
};

const RATIO = numberFrom(0, "1: every trace is sampled", 1);

/**
 * Says of every `OTEL_*` variable with a value that makes no sense, in a line each: which, what it holds,
 * what it may hold, and what is used instead. OpenTelemetry wants such values ignored, but not in silence.
 */
export function judgeEnvironment(env: Env): readonly string[] {
  const all = Object.entries(rules);
  if (env["OTEL_TRACES_SAMPLER"]?.includes("traceidratio")) {
    all.push(["OTEL_TRACES_SAMPLER_ARG", RATIO]);
  }
  return all.flatMap(([variable, { allowed, wrongIn, instead }]) => {
    const value = env[variable]?.trim() ?? "";
    const wrong = value === "" ? [] : wrongIn(value);
    if (wrong.length === 0) return [];
    const shown = wrong.map((part) => JSON.stringify(part.trim())).join(", ");
    return [`${variable}: ${shown} is ignored; allowed: ${allowed}; used instead: ${instead}`];
  });
}

const said = new Set<string>();

/** Says it where a program's user sees it, once a process: `diag` has no logger when an SDK starts. */
export function warnOfEnvironment(env: Env = process.env): void {
  for (const line of judgeEnvironment(env)) {
    if (said.has(line)) continue;
    said.add(line);
    process.emitWarning(line, { type: "TurnspanWarning", code: "TURNSPAN_OTEL_ENVIRONMENT" });
  }
}
