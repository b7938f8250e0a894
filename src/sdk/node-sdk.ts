import {
  context,
  logs,
  metrics,
  ProxyTracerProvider,
  propagation,
  trace,
} from "@opentelemetry/api";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { CodedError } from "../base/errors.ts";
import { HookSpanProcessor } from "../hooks/span-processor.ts";
import { hasGlobalProvider } from "../lifecycle/api-globals.ts";
import type { TelemetryOptions } from "./config.ts";
import { noLogs, noMetrics, noTraces } from "./no-op.ts";
import { type Prepared, prepareTelemetry, type TelemetryParts } from "./prepare.ts";
import { type Providers, RunningTelemetry, type Telemetry } from "./telemetry.ts";

/** What `startTelemetry` does; in a module of its own, because its imports take 0.2 s. */
export async function startNodeTelemetry(
  options: TelemetryOptions & TelemetryParts,
): Promise<Telemetry> {
  refuseSecondStart();
  const prepared = await prepareTelemetry(options);
  const { exitGuard, disabled } = prepared.config;
  const guard = disabled || exitGuard === false ? undefined : exitGuard;
  let providers: Providers | undefined;
  try {
    refuseSecondStart();
    providers = startProviders(prepared);
    return new RunningTelemetry(prepared, providers, guard);
  } catch (error) {
    // Nothing of a start that failed stays behind: no global, no hook, no open log.
    await providers?.shutdown();
    prepared.configured?.[Symbol.dispose]();
    await prepared.audit?.close();
    throw error;
  }
}

/** The API refuses to replace a registered provider, silently but for `diag`: all would go elsewhere. */
function refuseSecondStart(): void {
  if (!hasGlobalProvider()) return;
  throw new CodedError(
    "TELEMETRY_ALREADY_STARTED",
    "An OpenTelemetry SDK is already registered in this process. Shut it down first, or keep it and " +
      "use createTurnspan, which works with any SDK.",
  );
}

function startProviders({ config, ids, hooks, pipeline, resource }: Prepared): Providers {
  const { traces, logs: logExporters, metrics: metricExporters } = config.exporters;
  // Samplers, limits, propagators and OTEL_LOG_LEVEL are read by NodeSDK itself.
  const sdk = new NodeSDK({
    autoDetectResources: false,
    resource,
    idGenerator: ids,
    spanProcessors:
      traces.length > 0 ? [new HookSpanProcessor(hooks), ...pipeline.spanProcessors] : [],
    logRecordProcessors: [...pipeline.logRecordProcessors],
    metricReaders: [...pipeline.metricReaders],
  });
  sdk.start();
  const tracers = trace.getTracerProvider();
  return {
    // The API's stand-in for the provider would ask for it anew at each call.
    tracerProvider:
      traces.length > 0 && tracers instanceof ProxyTracerProvider
        ? tracers.getDelegate()
        : noTraces,
    meterProvider: metricExporters.length > 0 ? metrics.getMeterProvider() : noMetrics,
    loggerProvider: logExporters.length > 0 ? logs.getLoggerProvider() : noLogs,
    shutdown: async () => {
      for (const api of [trace, metrics, logs, context, propagation]) api.disable();
      await sdk.shutdown();
    },
  };
}
