import { getNumberFromEnv, getStringFromEnv } from "@opentelemetry/core";
import { ConsoleMetricExporter, type IMetricReader } from "@opentelemetry/sdk-metrics";
import type { TelemetryConfig } from "./config.ts";
import type { DropCounts } from "./drop-counts.ts";
import { otlpExporters } from "./exporters.ts";
import { ExportingMetricReader } from "./metric-reader.ts";
import type { ExporterChoice } from "./targets.ts";

export interface MetricLane {
  readonly reader: IMetricReader;
  stop(): void;
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
  const reader = new ExportingMetricReader({
    exporter,
    intervalMs: config.metricIntervalMs,
    timeoutMs: config.metricTimeoutMs,
    onFailure: (points, error) => drops.add("metrics", "export_failed", points, error),
  });
  return { reader, stop };
}
