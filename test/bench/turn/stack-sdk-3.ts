import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BatchLogRecordProcessor,
  LoggerProvider,
  type ReadableLogRecord,
} from "@opentelemetry/sdk-logs";
import {
  AggregationTemporality,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  type ReadableSpan,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { exporterTo, type StartStack } from "./stack.ts";

export const setContextManager = (): void => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
};

/** SDK 3: batch processors, exporters that do nothing, and a metric reader. */
export const startSdk3: StartStack = ({ sampled, hookProcessor, onSpans, onLogs }) => {
  const batch = new BatchSpanProcessor({ exporter: exporterTo<ReadableSpan>(onSpans) });
  const tracerProvider = new TracerProvider({
    sampler: sampled ? new AlwaysOnSampler() : new AlwaysOffSampler(),
    spanProcessors: hookProcessor === undefined ? [batch] : [hookProcessor, batch],
  });
  const loggerProvider = new LoggerProvider({
    processors: [new BatchLogRecordProcessor({ exporter: exporterTo<ReadableLogRecord>(onLogs) })],
  });
  const meterProvider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter: metricExporter })],
  });
  return {
    tracerProvider,
    loggerProvider,
    meterProvider,
    flush: async () => {
      await tracerProvider.forceFlush();
      await loggerProvider.forceFlush();
      await meterProvider.forceFlush();
    },
  };
};

const metricExporter = {
  ...exporterTo<never>(undefined),
  export: (_metrics: unknown, done: (result: { code: number }) => void): void => done({ code: 0 }),
  selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
};
