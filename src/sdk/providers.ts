import { LoggerProvider } from "@opentelemetry/sdk-logs";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { HookSpanProcessor } from "../hooks/span-processor.ts";
import type { TelemetryOptions } from "./config.ts";
import { noLogs, noMetrics, noTraces } from "./no-op.ts";
import { createSampler, readLogRecordLimits, readSpanLimits } from "./otel-env.ts";
import { type Prepared, prepareTelemetry, type TelemetryParts } from "./prepare.ts";
import { type Providers, RunningTelemetry, type Telemetry } from "./telemetry.ts";

/**
 * The same as `startTelemetry`, but it touches no global: for a plugin in somebody else's process, and
 * for the background service. Ends are the caller's business; `exitGuard` is not looked at.
 */
export async function createProviders(
  options: TelemetryOptions & TelemetryParts = {},
): Promise<Telemetry> {
  const prepared = await prepareTelemetry(options);
  return new RunningTelemetry(prepared, createSdk(prepared));
}

function createSdk({ config, ids, hooks, pipeline, resource }: Prepared): Providers {
  const { traces, logs, metrics } = config.exporters;
  const tracers = new TracerProvider({
    resource,
    idGenerator: ids,
    sampler: createSampler(),
    spanLimits: readSpanLimits(),
    spanProcessors: [new HookSpanProcessor(hooks), ...pipeline.spanProcessors],
  });
  const loggers = new LoggerProvider({
    resource,
    logRecordLimits: readLogRecordLimits(),
    processors: [...pipeline.logRecordProcessors],
  });
  const meters = new MeterProvider({ resource, readers: [...pipeline.metricReaders] });
  return {
    tracerProvider: traces.length > 0 ? tracers : noTraces,
    loggerProvider: logs.length > 0 ? loggers : noLogs,
    meterProvider: metrics.length > 0 ? meters : noMetrics,
    shutdown: async () => {
      await Promise.allSettled([tracers.shutdown(), loggers.shutdown(), meters.shutdown()]);
    },
  };
}
