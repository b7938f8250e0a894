import type { OtlpLogTarget } from "../audit/otlp-destination.ts";
import { CodedError } from "../base/errors.ts";
import type { AuditDestination, AuditOptions } from "./audit-options.ts";
import type { TelemetryConfig } from "./config.ts";
import { OtlpHttpClient } from "./otlp-client.ts";
import { httpOptionsOf } from "./otlp-delegate.ts";

/**
 * Where the records of an audit log are delivered to.
 * Throws TELEMETRY_OPTIONS_INVALID where that is where logs go, and logs go by gRPC.
 */
export const findAuditTargets = (
  config: Pick<TelemetryConfig, "exporters">,
  options: Pick<AuditOptions, "destinations">,
): readonly OtlpLogTarget[] => findDestinations(config, options).map(toTarget);

/** Those that are named, else where logs go anyway. */
function findDestinations(
  { exporters }: Pick<TelemetryConfig, "exporters">,
  { destinations }: Pick<AuditOptions, "destinations">,
): readonly AuditDestination[] {
  if (destinations !== undefined) return destinations;
  return exporters.logs.flatMap((choice) => {
    if (choice.kind !== "otlp") return [];
    const { protocol, url = "", headers } = choice;
    if (protocol !== "grpc") return [{ name: "otlp", protocol, url, headers: { ...headers } }];
    throw new CodedError(
      "TELEMETRY_OPTIONS_INVALID",
      "Telemetry cannot start:\n  audit: records are delivered over HTTP, and logs go by gRPC: set " +
        "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL to http/protobuf, or name audit.destinations",
    );
  });
}

/** Requests go over the wire as those of the SDK do: its headers, compression and TLS count. */
function toTarget(destination: AuditDestination): OtlpLogTarget {
  const client = new OtlpHttpClient(httpOptionsOf("logs", destination));
  const { name, url, protocol } = destination;
  return {
    ...{ name, url, protocol },
    post: async (body, signal) => client.post(await client.pack(body), signal),
  };
}
