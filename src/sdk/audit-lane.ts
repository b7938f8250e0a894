import path from "node:path";
import { diag } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import { AuditLane } from "../audit/lane.ts";
import type { AuditAlarm } from "../audit/place.ts";
import { findDataFolder } from "../base/data-folder.ts";
import { CodedError } from "../base/errors.ts";
import type { HookEngine } from "../hooks/engine.ts";
import { ATTR_SERVICE_NAME } from "../semconv/gen-ai.ts";
import { VERSION } from "../version.ts";
import type { AuditOptions } from "./audit-options.ts";
import { findAuditTargets } from "./audit-targets.ts";
import type { TelemetryConfig } from "./config.ts";
import type { DropCounts } from "./drop-counts.ts";

const DAY_MS = 24 * 3600 * 1000;
/** Before every guard of the user's: a turn that cannot be recorded need not be judged. */
const GUARD_PRIORITY = Number.MIN_SAFE_INTEGER;

/** What the audit lane is made of. */
export interface AuditLaneParts {
  readonly config: TelemetryConfig;
  readonly options: AuditOptions;
  readonly resource: Resource;
  readonly drops: DropCounts;
  readonly hooks: HookEngine;
}

/**
 * Opens the audit lane of this process.
 * Throws AUDIT_FOLDER_UNUSABLE, or TELEMETRY_OPTIONS_INVALID where logs go by gRPC.
 */
export async function openAuditLane(parts: AuditLaneParts): Promise<AuditLane> {
  const { config, options, resource, drops, hooks } = parts;
  const folder = options.folder ?? defaultFolder();
  const lane = await openLane(folder, {
    owner: { resource: { ...resource.attributes }, version: VERSION },
    targets: findAuditTargets(config, options),
    mode: options.mode,
    retentionMs: options.retentionDays * DAY_MS,
    maxBytes: options.maxBytes,
    onAlarm: (alarm) => tellAlarm(alarm, drops),
    describe: () => ({
      pid: process.pid,
      service: String(resource.attributes[ATTR_SERVICE_NAME] ?? ""),
      dropped: [...drops.read()],
    }),
  });
  if (options.onFull === "fail-turn") blockWhileFull(lane, hooks);
  return lane;
}

function defaultFolder(): string {
  const data = findDataFolder(process.env);
  if (data !== undefined) return path.join(data, "audit");
  throw new CodedError(
    "AUDIT_FOLDER_UNUSABLE",
    "The audit log has no folder: name one by audit.folder or TURNSPAN_DATA.",
  );
}

async function openLane(
  folder: string,
  options: Omit<Parameters<typeof AuditLane.open>[0], "folder">,
): Promise<AuditLane> {
  try {
    return await AuditLane.open({ ...options, folder: path.resolve(folder) });
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    const message = `The audit log's folder ${folder} cannot be used: ${said}`;
    throw new CodedError("AUDIT_FOLDER_UNUSABLE", message, { cause });
  }
}

function blockWhileFull(lane: AuditLane, hooks: HookEngine): void {
  hooks.on(
    "beforeTurn",
    () => {
      const { trouble } = lane;
      if (trouble === undefined) return undefined;
      return { abort: true, reason: `The audit log cannot be written (${trouble})` };
    },
    { priority: GUARD_PRIORITY, onFailure: "closed" },
  );
}

/** Losses are counted with all others; what is only delayed is said. */
function tellAlarm(alarm: AuditAlarm, drops: DropCounts): void {
  switch (alarm.kind) {
    case "gap":
      return drops.add("audit", alarm.gap.reason, alarm.gap.count);
    case "abandoned":
      return drops.add("audit", "shutdown", alarm.count);
    case "losing":
      return diag.error(`turnspan: audit records are being lost (${alarm.reason})`);
    case "trouble":
      return diag.error(`turnspan: the audit log cannot be written (${alarm.reason})`, alarm.cause);
    case "resumed":
      return diag.info("turnspan: the audit log is written again");
    case "retention":
      return diag.warn("turnspan: old audit records could not be deleted", alarm.cause);
    case "delivery":
      return tellDelivery(alarm.destination, alarm.reason);
  }
}

function tellDelivery(destination: string, reason: string | undefined): void {
  if (reason === undefined) diag.info(`turnspan: audit records reach ${destination} again`);
  else diag.warn(`turnspan: audit records wait for ${destination}: ${reason}`);
}
