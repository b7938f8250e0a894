import { createRequire } from "node:module";
import type { LoggerProvider, MeterProvider, TracerProvider } from "@opentelemetry/api";
import type { BatchLogRecordProcessor } from "@opentelemetry/sdk-logs";
import type { PeriodicExportingMetricReader, PushMetricExporter } from "@opentelemetry/sdk-metrics";
import type { BatchSpanProcessor, Sampler, SpanProcessor } from "@opentelemetry/sdk-trace";
import type { SeenLog, SeenSpan } from "./turn-output.ts";

/** An OpenTelemetry SDK set up as in production but for the wire. */
export interface Stack {
  readonly tracerProvider: TracerProvider;
  readonly meterProvider: MeterProvider;
  readonly loggerProvider: LoggerProvider;
  flush(): Promise<void>;
}

export interface StackOptions {
  readonly sampled: boolean;
  /** Goes before the exporting processor. */
  readonly hookProcessor?: SpanProcessor | undefined;
  /** Given each batch in the exporter's place. */
  readonly onSpans?: ((spans: readonly SeenSpan[]) => void) | undefined;
  readonly onLogs?: ((logs: readonly SeenLog[]) => void) | undefined;
}

type Trace = typeof import("@opentelemetry/sdk-trace");
type Logs = typeof import("@opentelemetry/sdk-logs");
type Metrics = typeof import("@opentelemetry/sdk-metrics");

/** What is used of an SDK; those that the majors build differently are made by functions. */
interface Sdk extends Pick<Trace, "AlwaysOnSampler" | "AlwaysOffSampler" | "TracerProvider"> {
  readonly LoggerProvider: Logs["LoggerProvider"];
  readonly MeterProvider: Metrics["MeterProvider"];
  createSpanProcessor(exporter: NoopExporter): BatchSpanProcessor;
  createLogProcessor(exporter: NoopExporter): BatchLogRecordProcessor;
  createMetricReader(exporter: PushMetricExporter): PeriodicExportingMetricReader;
}

/** An exporter of any signal that hands its batches to a function. */
interface NoopExporter {
  export(items: readonly unknown[], done: (result: { code: number }) => void): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** Loads an SDK and sets its context manager; SDK 2 from its folder, where its API is 1.9. */
export const loadSdk = (major: "2" | "3"): Promise<Sdk> =>
  major === "2" ? loadSdk2() : loadSdk3();

async function loadSdk3(): Promise<Sdk> {
  const trace = await import("@opentelemetry/sdk-trace");
  const logs = await import("@opentelemetry/sdk-logs");
  const metrics = await import("@opentelemetry/sdk-metrics");
  const { NodeSDK } = await import("@opentelemetry/sdk-node");
  const none = { spanProcessors: [], logRecordProcessors: [], metricReaders: [] };
  new NodeSDK({ ...none, instrumentations: [], autoDetectResources: false }).start();
  return {
    ...trace,
    ...logs,
    ...metrics,
    createSpanProcessor: (exporter) => new trace.BatchSpanProcessor({ exporter }),
    createLogProcessor: (exporter) => new logs.BatchLogRecordProcessor({ exporter }),
    createMetricReader: (exporter) => new metrics.PeriodicExportingMetricReader({ exporter }),
  };
}

async function loadSdk2(): Promise<Sdk> {
  const load = createRequire(new URL("../../compat/sdk-2/package.json", import.meta.url));
  const trace = load("@opentelemetry/sdk-trace-node");
  const logs = load("@opentelemetry/sdk-logs");
  const metrics = load("@opentelemetry/sdk-metrics");
  new trace.NodeTracerProvider().register();
  return {
    ...trace,
    ...logs,
    ...metrics,
    TracerProvider: trace.NodeTracerProvider,
    createSpanProcessor: (exporter) => new trace.BatchSpanProcessor(exporter),
    createLogProcessor: (exporter) => new logs.BatchLogRecordProcessor({ exporter }),
    createMetricReader: (exporter) => new metrics.PeriodicExportingMetricReader({ exporter }),
  };
}

/** Batch processors, exporters that do nothing, and a metric reader. */
export function startStack(sdk: Sdk, options: StackOptions): Stack {
  const { sampled, hookProcessor, onSpans, onLogs } = options;
  const sampler: Sampler = sampled ? new sdk.AlwaysOnSampler() : new sdk.AlwaysOffSampler();
  const batch = sdk.createSpanProcessor(exporterTo(onSpans));
  const tracerProvider = new sdk.TracerProvider({
    sampler,
    spanProcessors: hookProcessor === undefined ? [batch] : [hookProcessor, batch],
  });
  const loggerProvider = new sdk.LoggerProvider({
    processors: [sdk.createLogProcessor(exporterTo(onLogs))],
  });
  const meterProvider = new sdk.MeterProvider({
    readers: [sdk.createMetricReader({ ...exporterTo(undefined), export: dropMetrics })],
  });
  const flush = async (): Promise<void> => {
    for (const provider of [tracerProvider, loggerProvider, meterProvider]) {
      await provider.forceFlush();
    }
  };
  return { tracerProvider, loggerProvider, meterProvider, flush };
}

const dropMetrics: PushMetricExporter["export"] = (_metrics, done) => done({ code: 0 });

// The processors hand over what they were given, spans or logs; either has what `take` reads.
const exporterTo = <T>(take: ((items: readonly T[]) => void) | undefined): NoopExporter => ({
  export(items, done) {
    take?.(items as readonly T[]);
    done({ code: 0 });
  },
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
});
