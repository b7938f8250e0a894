import type { DataPoint, Histogram } from "@opentelemetry/sdk-metrics";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { HookEngine } from "../../src/hooks/engine.ts";
import { HookSpanProcessor } from "../../src/hooks/span-processor.ts";
import { PresetIds } from "../../src/lifecycle/preset-ids.ts";
import { createTurnspan, type Turnspan, type TurnspanOptions } from "../../src/turnspan.ts";
import { testSdk } from "./test-sdk.ts";

export interface TestTelemetryOptions
  extends Omit<TurnspanOptions, "tracerProvider" | "meterProvider" | "loggerProvider" | "ids"> {
  readonly sampler?: "always_on" | "always_off";
  /** False: a provider of somebody else's, without the hook processor. */
  readonly hookProcessor?: boolean;
}

type Point = DataPoint<number | Histogram>;

/** A real SDK with exporters in memory and no globals, and a Turnspan on it. On SDK 2 as on 3. */
export function startTestTelemetry(options: TestTelemetryOptions = {}) {
  const { sampler = "always_on", hookProcessor = true, ...rest } = options;
  const hooks = options.hooks ?? new HookEngine();
  const ids = new PresetIds();
  const spanExporter = new testSdk.InMemorySpanExporter();
  const logExporter = new testSdk.InMemoryLogRecordExporter();
  const metricExporter = new testSdk.InMemoryMetricExporter(testSdk.cumulative);
  const tracerProvider = new testSdk.TracerProvider({
    idGenerator: ids,
    sampler:
      sampler === "always_off" ? new testSdk.AlwaysOffSampler() : new testSdk.AlwaysOnSampler(),
    spanProcessors: [
      ...(hookProcessor ? [new HookSpanProcessor(hooks)] : []),
      testSdk.createSpanProcessor(spanExporter),
    ],
  });
  const loggerProvider = new testSdk.LoggerProvider({
    processors: [testSdk.createLogProcessor(logExporter)],
  });
  const reader = testSdk.createMetricReader(metricExporter);
  const meterProvider = new testSdk.MeterProvider({ readers: [reader] });
  const turnspan: Turnspan = createTurnspan({
    ...rest,
    hooks,
    ...(hookProcessor ? { ids } : {}),
    tracerProvider,
    meterProvider,
    loggerProvider,
  });

  /** The points of a metric, as they stand now. */
  const points = async (name: string): Promise<readonly Point[]> => {
    metricExporter.reset();
    await reader.forceFlush();
    return metricExporter
      .getMetrics()
      .flatMap((metrics) => metrics.scopeMetrics)
      .flatMap((scope) => scope.metrics)
      .filter((metric) => metric.descriptor.name === name)
      .flatMap((metric) => metric.dataPoints as readonly Point[]);
  };

  return {
    turnspan,
    tracerProvider,
    spans: (): readonly ReadableSpan[] => spanExporter.getFinishedSpans(),
    /** The span of that name; throws where there is none or more than one. */
    span: (name: string): ReadableSpan => {
      const found = spanExporter.getFinishedSpans().filter((span) => span.name === name);
      const [span] = found;
      if (span === undefined || found.length > 1) {
        throw new Error(`expected one span "${name}", got ${found.length}`);
      }
      return span;
    },
    records: () => logExporter.getFinishedLogRecords(),
    points,
    /** Sum over a metric's points; of histograms, the sum of what was recorded. */
    sum: async (name: string): Promise<number> => {
      const values = (await points(name)).map(({ value }) =>
        typeof value === "number" ? value : (value.sum ?? 0),
      );
      return values.reduce((total, value) => total + value, 0);
    },
    [Symbol.asyncDispose]: async (): Promise<void> => {
      await Promise.all([
        tracerProvider.shutdown(),
        loggerProvider.shutdown(),
        meterProvider.shutdown(),
      ]);
    },
  };
}
