import { createRequire } from "node:module";
import path from "node:path";
import type { LogRecordExporter, LogRecordProcessor } from "@opentelemetry/sdk-logs";
import type { IMetricReader, PushMetricExporter } from "@opentelemetry/sdk-metrics";
import type { SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace";

type Trace = typeof import("@opentelemetry/sdk-trace");
type Logs = typeof import("@opentelemetry/sdk-logs");
type Metrics = typeof import("@opentelemetry/sdk-metrics");

/** What the tests use of an SDK, whichever major it is. */
export interface TestSdk
  extends Pick<Trace, "AlwaysOffSampler" | "AlwaysOnSampler" | "InMemorySpanExporter">,
    Pick<Logs, "InMemoryLogRecordExporter" | "LoggerProvider">,
    Pick<Metrics, "InMemoryMetricExporter" | "MeterProvider"> {
  readonly TracerProvider: Trace["TracerProvider"];
  readonly cumulative: typeof import("@opentelemetry/sdk-metrics").AggregationTemporality["CUMULATIVE"];
  createSpanProcessor(exporter: SpanExporter): SpanProcessor;
  createLogProcessor(exporter: LogRecordExporter): LogRecordProcessor;
  createMetricReader(exporter: PushMetricExporter): IMetricReader;
}

/** Set by `test/compat/sdk-2.config.ts`, which also turns `@opentelemetry/api` into 1.9. */
export const sdkMajor: "2" | "3" = process.env["TURNSPAN_TEST_SDK"] === "2" ? "2" : "3";

const exportIntervalMillis = 3_600_000;

async function loadSdk3(): Promise<TestSdk> {
  const trace = await import("@opentelemetry/sdk-trace");
  const logs = await import("@opentelemetry/sdk-logs");
  const metrics = await import("@opentelemetry/sdk-metrics");
  return {
    ...trace,
    ...logs,
    ...metrics,
    cumulative: metrics.AggregationTemporality.CUMULATIVE,
    createSpanProcessor: (exporter) => new trace.SimpleSpanProcessor({ exporter }),
    createLogProcessor: (exporter) => new logs.SimpleLogRecordProcessor({ exporter }),
    createMetricReader: (exporter) =>
      new metrics.PeriodicExportingMetricReader({ exporter, exportIntervalMillis }),
  };
}

/** The same classes, a few by other names or built otherwise. Required, so that the API is one copy. */
function loadSdk2(): TestSdk {
  const load = createRequire(path.resolve(import.meta.dirname, "../compat/sdk-2/package.json"));
  const trace = load("@opentelemetry/sdk-trace-node");
  const logs = load("@opentelemetry/sdk-logs");
  const metrics = load("@opentelemetry/sdk-metrics");
  return {
    ...trace,
    ...logs,
    ...metrics,
    TracerProvider: trace.NodeTracerProvider,
    cumulative: metrics.AggregationTemporality.CUMULATIVE,
    createSpanProcessor: (exporter) => new trace.SimpleSpanProcessor(exporter),
    createLogProcessor: (exporter) => new logs.SimpleLogRecordProcessor({ exporter }),
    createMetricReader: (exporter) =>
      new metrics.PeriodicExportingMetricReader({ exporter, exportIntervalMillis }),
  };
}

export const testSdk: TestSdk = sdkMajor === "2" ? loadSdk2() : await loadSdk3();
