import { ROOT_CONTEXT } from "@opentelemetry/api";
import { vi } from "vitest";
import { createProviders } from "../../src/sdk/providers.ts";
import { startTelemetry } from "../../src/sdk/start.ts";
import type { Telemetry } from "../../src/sdk/telemetry.ts";
import { type OtlpSink, startOtlpSink } from "./otlp-sink.ts";

/** Both ways to an SDK honour the same options and variables. */
export const sdkStarts = { startTelemetry, createProviders };

/** Sets variables until `vi.unstubAllEnvs`. */
export function stubEnv(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
}

/** A log event, as the core emits it. */
export function emitEvent(
  { loggerProvider }: Telemetry,
  attributes: Record<string, string | number> = {},
): void {
  loggerProvider.getLogger("t").emit({
    eventName: "event",
    timestamp: 1,
    severityNumber: 9,
    severityText: "INFO",
    attributes,
    context: ROOT_CONTEXT,
  });
}

/** One span, one record and one point. */
export function recordOneEach(telemetry: Telemetry): void {
  telemetry.tracerProvider.getTracer("t").startSpan("span").end();
  emitEvent(telemetry);
  telemetry.meterProvider.getMeter("t").createCounter("counter").add(1);
}

/** Starts an SDK with variables, against a receiver of its own; records, and shuts down. */
export async function runWithEnv(
  start: (typeof sdkStarts)["startTelemetry"],
  variables: (sink: OtlpSink) => Readonly<Record<string, string>>,
  body: (telemetry: Telemetry) => void = recordOneEach,
): Promise<OtlpSink> {
  const sink = await startOtlpSink();
  stubEnv({
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    ...variables(sink),
  });
  const telemetry = await start({ exitGuard: false });
  body(telemetry);
  await telemetry.shutdown();
  return sink;
}
