import { metricTable } from "../../src/semconv/metrics.ts";
import { prometheusName } from "../../src/semconv/prometheus.ts";
import { readYaml } from "../collector/configs.ts";

interface DerivedMetric {
  readonly name: string;
  readonly attributes: readonly { readonly key: string }[];
}

const label = (attribute: string): string => attribute.replaceAll(".", "_");

/** The collector's own metrics that panels and rules read. */
const OF_COLLECTORS = [
  "otelcol_exporter_queue_size",
  "otelcol_exporter_queue_capacity",
  "otelcol_exporter_sent_log_records_total",
  "otelcol_exporter_sent_spans_total",
  "otelcol_exporter_sent_metric_points_total",
  ...["receiver_refused", "exporter_enqueue_failed", "exporter_send_failed"].flatMap((what) =>
    ["log_records", "spans", "metric_points"].map((items) => `otelcol_${what}_${items}_total`),
  ),
  "otelcol_receiver_accepted_log_records_total",
  "otelcol_process_memory_rss_bytes",
];

/** Names of all metrics in Prometheus: the runtimes', those made of spans and records, the collectors' own. */
export function metricNames(): ReadonlySet<string> {
  const names = Object.entries(metricTable).flatMap(([name, metric]) => {
    const base = prometheusName(name, metric);
    return metric.kind === "histogram"
      ? ["_bucket", "_sum", "_count"].map((end) => base + end)
      : [base];
  });
  const derived = derivedMetrics().map(({ name }) => `${label(name)}_total`);
  const kept = ["_bucket", "_sum", "_count"].map(
    (end) => `turnspan_spans_kept_duration_seconds${end}`,
  );
  return new Set([
    ...names,
    ...derived,
    ...kept,
    "turnspan_spans_kept_calls_total",
    ...OF_COLLECTORS,
  ]);
}

/** Labels that series have: those of the resource, of the metrics, and of the collectors' own. */
export function labelNames(): ReadonlySet<string> {
  const own = Object.values(metricTable).flatMap(({ attributes }) => attributes.map(label));
  const derived = derivedMetrics().flatMap(({ attributes }) =>
    attributes.map(({ key }) => label(key)),
  );
  const places = [
    "job",
    "instance",
    "le",
    "exporter",
    "turnspan_project",
    "turnspan_kind",
    "__name__",
  ];
  return new Set([...own, ...derived, ...places]);
}

function derivedMetrics(): readonly DerivedMetric[] {
  const { connectors } = readYaml("collector/parts/derived-metrics.yaml") as {
    readonly connectors: {
      readonly signal_to_metrics: Readonly<Record<"spans" | "logs", readonly DerivedMetric[]>>;
    };
  };
  const { spans, logs } = connectors.signal_to_metrics;
  return [...spans, ...logs];
}

/** Names of metrics and labels in a query, told apart by what stands behind them. */
export function namesInQuery(query: string): {
  readonly metrics: string[];
  readonly labels: string[];
} {
  const plain = query.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  const labels = [
    ...[...plain.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*""/g)].map(([, name = ""]) => name),
    ...[...plain.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(/,\s*/)),
  ].filter((name) => name !== "");
  const metrics = [...plain.matchAll(/\b(?:turnspan|gen_ai|otelcol)_\w+/g)]
    .map(([name]) => name)
    .filter((name) => !labels.includes(name));
  return { metrics, labels };
}
