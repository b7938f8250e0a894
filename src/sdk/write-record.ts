import type { AuditLane } from "../audit/lane.ts";
import type { LoadedConfig } from "../hooks/config/load.ts";
import { emitRecord, type WireRecord } from "../lifecycle/record-log.ts";
import { SCOPE_NAME } from "../semconv/turnspan.ts";
import { VERSION } from "../version.ts";
import { type TurnspanConfig, telemetryOf } from "./config-file.ts";
import { prepareTelemetry } from "./prepare.ts";
import { createProviders } from "./providers.ts";

/** Where records went; `unreachable`: nobody took them in time. */
export type RecordPlace = "audit" | "logs" | "nowhere" | "unreachable";

const SEND_TIMEOUT_MS = 2000;

/**
 * Writes records that are of no session: into the audit log where the config has one, else as log events
 * to the endpoint that it or the environment names. Sets off no hook.
 */
export async function writeRecord(
  loaded: LoadedConfig<TurnspanConfig>,
  records: readonly WireRecord[],
): Promise<RecordPlace> {
  const { audit, endpoint } = telemetryOf(loaded);
  const config = { ...loaded, hooks: [], unapproved: undefined };
  if (audit !== undefined) {
    const prepared = await prepareTelemetry({ config });
    return prepared.audit === undefined ? "nowhere" : writeToAudit(prepared.audit, records);
  }
  const isNamed =
    endpoint !== undefined ||
    Object.keys(process.env).some((name) => /^OTEL_EXPORTER_OTLP_.*ENDPOINT$/.test(name));
  if (!isNamed) return "nowhere";
  const telemetry = await createProviders({ config });
  const logger = telemetry.loggerProvider.getLogger(SCOPE_NAME, VERSION);
  for (const record of records) emitRecord(logger, record);
  const isSent = await telemetry.forceFlush(SEND_TIMEOUT_MS);
  const lost = telemetry.dropped().some(({ signal }) => signal === "logs");
  await telemetry.shutdown(0);
  return isSent && !lost ? "logs" : "unreachable";
}

async function writeToAudit(
  audit: AuditLane,
  records: readonly WireRecord[],
): Promise<RecordPlace> {
  const acks = await Promise.all(records.map((record) => audit.append(record)));
  // What is not delivered by then is, by whichever process writes there next.
  await audit.drain(SEND_TIMEOUT_MS);
  await audit.close();
  return acks.every(({ stored }) => stored) ? "audit" : "unreachable";
}
