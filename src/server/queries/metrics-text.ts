import * as genAi from "../../semconv/gen-ai.ts";
import {
  METRIC_COST,
  METRIC_COST_UNKNOWN,
  METRIC_TURN_COUNT,
  metricTable,
} from "../../semconv/metrics.ts";
import { prometheusName } from "../../semconv/prometheus.ts";
import { ATTR_TURN_OUTCOME } from "../../semconv/turnspan.ts";
import type { StoreReader } from "./reader.ts";

type Labels = readonly (readonly [name: string, value: string])[];

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly samples: readonly (readonly [labels: Labels, value: number])[];
}

const TURNS = `
  select agent, outcome, sum(turns) as count from turn_roll group by agent, outcome`;
const COSTS = `
  select agent, provider, model, sum(nano_usd) as nanoUsd, sum(unknown_cost_calls) as unknown,
    sum(input_tokens) as input, sum(output_tokens) as output
  from cost_roll group by agent, provider, model`;

interface CostRow {
  readonly agent: string;
  readonly provider: string;
  readonly model: string;
  readonly nanoUsd: number;
  readonly unknown: number;
  readonly input: number;
  readonly output: number;
}

/** Counts made by the server itself, beside those of the store. */
export interface ServerCounts {
  readonly received: Readonly<Record<"traces" | "logs" | "metrics", number>>;
  readonly rejectedItems: number;
  readonly refusedRequests: number;
  readonly waitingBytes: number;
}

/** Everything here says so: what a runtime's own metrics tell is told by `source` apart, and never added. */
const SOURCE = ["source", "server"] as const;

const label = (attribute: string): string => attribute.replaceAll(/[^A-Za-z0-9_]/g, "_");
const escapeLabel = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

const ofMetric = (name: keyof typeof metricTable): Pick<Family, "name" | "help" | "type"> => ({
  name: prometheusName(name, metricTable[name]),
  help: metricTable[name].description,
  type: "counter",
});

const placeOf = ({ agent, provider, model }: CostRow): Labels => [
  [label(genAi.ATTR_GEN_AI_AGENT_NAME), agent],
  [label(genAi.ATTR_GEN_AI_PROVIDER_NAME), provider],
  [label(genAi.ATTR_GEN_AI_RESPONSE_MODEL), model],
];

/** The store's sums in Prometheus' text format. */
export function writeMetrics(store: StoreReader, server: ServerCounts): string {
  const turns = store.spans.all<{ agent: string; outcome: string; count: number }>(TURNS);
  const costs = store.spans.all<CostRow>(COSTS);
  const families: Family[] = [
    {
      ...ofMetric(METRIC_TURN_COUNT),
      samples: turns.map(({ agent, outcome, count }) => [
        [
          [label(genAi.ATTR_GEN_AI_AGENT_NAME), agent],
          [label(ATTR_TURN_OUTCOME), outcome],
        ],
        count,
      ]),
    },
    { ...ofMetric(METRIC_COST), samples: costs.map((row) => [placeOf(row), row.nanoUsd / 1e9]) },
    { ...ofMetric(METRIC_COST_UNKNOWN), samples: costs.map((row) => [placeOf(row), row.unknown]) },
    {
      name: "turnspan_server_tokens_total",
      help: "Tokens of model calls in the store",
      type: "counter",
      samples: costs.flatMap((row) => [
        [[...placeOf(row), ["gen_ai_token_type", "input"]], row.input] as const,
        [[...placeOf(row), ["gen_ai_token_type", "output"]], row.output] as const,
      ]),
    },
    ...serverFamilies(server),
  ];
  return families.map(writeFamily).join("");
}

function serverFamilies(server: ServerCounts): Family[] {
  const counter = (name: string, help: string, samples: Family["samples"]): Family => ({
    ...{ name, help, samples },
    type: "counter",
  });
  return [
    counter(
      "turnspan_server_received_items_total",
      "Spans, log records and metric points taken since the start",
      Object.entries(server.received).map(([signal, count]) => [[["signal", signal]], count]),
    ),
    counter("turnspan_server_rejected_items_total", "Items refused one by one", [
      [[], server.rejectedItems],
    ]),
    counter("turnspan_server_refused_requests_total", "Requests refused whole", [
      [[], server.refusedRequests],
    ]),
    {
      name: "turnspan_server_waiting_bytes",
      help: "Bytes of requests that wait to be written",
      type: "gauge",
      samples: [[[], server.waitingBytes]],
    },
  ];
}

function writeFamily({ name, help, type, samples }: Family): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = [...labels, SOURCE].map(([key, text]) => `${key}="${escapeLabel(text)}"`);
    return `${name}{${pairs.join(",")}} ${value}`;
  });
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
}
