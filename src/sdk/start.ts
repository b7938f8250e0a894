import type { TelemetryOptions } from "./config.ts";
import type { TelemetryParts } from "./prepare.ts";
import type { Telemetry } from "./telemetry.ts";

export type { TelemetryConfig, TelemetryOptions } from "./config.ts";
export type { ActionParts, ConfigSource, TurnspanConfig } from "./config-file.ts";
export type { DroppedTelemetry } from "./drop-counts.ts";
export type { TelemetryParts } from "./prepare.ts";
export type { Telemetry } from "./telemetry.ts";

/**
 * Starts OpenTelemetry with Turnspan in a process that is ours: global providers, OTLP over HTTP, every
 * `OTEL_*` variable honoured, and a guard that sends what is left at the exit. In somebody else's process
 * use `createTurnspan` with its providers.
 *
 * Throws TELEMETRY_OPTIONS_INVALID or CONFIG_INVALID with every problem, PRICES_FILE_INVALID, AUDIT_FOLDER_UNUSABLE, or
 * TELEMETRY_ALREADY_STARTED.
 */
export async function startTelemetry(
  options: TelemetryOptions & TelemetryParts = {},
): Promise<Telemetry> {
  const { startNodeTelemetry } = await import("./node-sdk.ts");
  return startNodeTelemetry(options);
}
