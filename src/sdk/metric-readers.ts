import {
  type ExportResult,
  ExportResultCode,
  getNumberFromEnv,
  getStringFromEnv,
} from "@opentelemetry/core";
import {
  ConsoleMetricExporter,
  type IMetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import type { TelemetryConfig } from "./config.ts";
import type { DropCounts } from "./drop-counts.ts";
import { otlpExporters } from "./exporters.ts";
import type { ExporterChoice } from "./targets.ts";

export interface MetricLane {
  readonly reader: IMetricReader;
  stop(): void;
}

function countPoints({ scopeMetrics }: ResourceMetrics): number {
  let points = 0;
  for (const { metrics } of scopeMetrics) {
    for (const { dataPoints } of metrics) points += dataPoints.length;
  }
  return points;
}

/** The same exporter; what it fails to deliver is counted. */
function counted(exporter: PushMetricExporter, drops: DropCounts): PushMetricExporter {
  const { selectAggregation, selectAggregationTemporality } = exporter;
  return {
    export: (metrics, callback: (result: ExportResult) => void) =>
      exporter.export(metrics, (result) => {
        if (result.code !== ExportResultCode.SUCCESS) {
          drops.add("metrics", "export_failed", countPoints(metrics), result.error);
        }
        callback(result);
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
    ...(selectAggregation && { selectAggregation: selectAggregation.bind(exporter) }),
    ...(selectAggregationTemporality && {
      selectAggregationTemporality: selectAggregationTemporality.bind(exporter),
    }),
  };
}

async function createPrometheusReader(): Promise<IMetricReader> {
  const { PrometheusExporter } = await import("@opentelemetry/exporter-prometheus");
  const host = getStringFromEnv("OTEL_EXPORTER_PROMETHEUS_HOST");
  const port = getNumberFromEnv("OTEL_EXPORTER_PROMETHEUS_PORT");
  return new PrometheusExporter({
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
  });
}

/** The reader of one metric exporter. */
export async function createMetricLane(
  choice: ExporterChoice,
  config: TelemetryConfig,
  drops: DropCounts,
): Promise<MetricLane> {
  if (choice.kind === "prometheus") {
    return { reader: await createPrometheusReader(), stop: () => {} };
  }
  const { exporter, stop } =
    choice.kind === "otlp"
      ? await otlpExporters.metrics[choice.protocol](choice, drops)
      : { exporter: new ConsoleMetricExporter(), stop: () => {} };
  const reader = new PeriodicExportingMetricReader({
    exporter: counted(exporter, drops),
    exportIntervalMillis: config.metricIntervalMs,
    exportTimeoutMillis: config.metricTimeoutMs,
  });
  return { reader, stop };
}
