import type { Resource } from "@opentelemetry/resources";
import type { AuditLane } from "../audit/lane.ts";
import type { AttachedConfig } from "../hooks/config/attach-config.ts";
import { HookEngine } from "../hooks/engine.ts";
import { PresetIds } from "../lifecycle/preset-ids.ts";
import type { WireRecord } from "../lifecycle/record-log.ts";
import type { PriceCall } from "../lifecycle/records.ts";
import { createPriceBook } from "../pricing/price-book.ts";
import { findPriceFile } from "../pricing/price-file.ts";
import type { TurnspanOptions } from "../turnspan.ts";
import type { AuditLaneParts } from "./audit-lane.ts";
import { resolveTelemetry, type TelemetryConfig, type TelemetryOptions } from "./config.ts";
import type { ActionParts, ConfigSource } from "./config-file.ts";
import { DropCounts } from "./drop-counts.ts";
import { warnOfEnvironment } from "./environment.ts";
import { findPartProblems } from "./parts.ts";
import { createPipeline, type Pipeline } from "./pipeline.ts";
import { createResource } from "./resource.ts";

/** What is handed over as it is, beside the plain options. */
export interface TelemetryParts {
  /** Default: an engine of its own. */
  readonly hooks?: HookEngine | undefined;
  /** Default: list prices, and the user's own of `pricesFile`. */
  readonly price?: PriceCall | undefined;
  /** Default `~/.config/turnspan/prices.json`; it need not exist. */
  readonly pricesFile?: string | undefined;
  /** The audit lane; with it records are not sent as logs. */
  readonly append?: ((record: WireRecord) => void) | undefined;
  /** Sees every record as it goes out. */
  readonly onRecord?: ((record: WireRecord) => void) | undefined;
  /** Where the events come from. Default `live`. */
  readonly source?: TurnspanOptions["source"] | undefined;
  /** `turnspan.host`: the program that is observed. */
  readonly host?: string | undefined;
  /** Epoch milliseconds. */
  readonly clock?: (() => number) | undefined;
  /**
   * A config file's path, what one would hold, or what `loadConfig` of `turnspan/hooks` found. Its hooks
   * are attached, unless the events come from a replay or an import; values in code win over its
   * `telemetry`.
   */
  readonly config?: ConfigSource | undefined;
  /** What the host adds to what configured hooks can do. */
  readonly actions?: ActionParts | undefined;
}

/** Everything that is needed before there are providers. */
export interface Prepared {
  readonly config: TelemetryConfig;
  readonly parts: TelemetryParts;
  readonly hooks: HookEngine;
  readonly ids: PresetIds;
  readonly price: PriceCall;
  readonly drops: DropCounts;
  readonly pipeline: Pipeline;
  /** The hooks of `config` at work. */
  readonly configured: AttachedConfig | undefined;
  readonly resource: Resource;
  /** Where records go instead of to the logger, if that is wanted. */
  readonly audit: AuditLane | undefined;
}

/**
 * Resolves options, prices, exporters and configured hooks. Throws CONFIG_INVALID,
 * TELEMETRY_OPTIONS_INVALID, PRICES_FILE_INVALID or AUDIT_FOLDER_UNUSABLE.
 */
export async function prepareTelemetry(
  options: TelemetryOptions & TelemetryParts,
): Promise<Prepared> {
  const { hooks = new HookEngine(), price, pricesFile, ...rest } = options;
  const { append, onRecord, source, host, clock, config: given, actions = {}, ...plain } = rest;
  const problems = findPartProblems(options);
  const isGiven = given !== undefined && !problems.some(({ path }) => path === "config");
  const fromConfig = isGiven ? await readGiven(given) : undefined;
  const resolved = resolveTelemetry({ ...fromConfig?.telemetry, ...plain }, problems);
  warnOfEnvironment();
  const config = resolved.disabled
    ? { ...resolved, exporters: { traces: [], logs: [], metrics: [] } }
    : resolved;
  const drops = new DropCounts();
  hooks.connect({ drop: (reason) => drops.add("hooks", reason, 1) });
  const resource = createResource(config);
  const wantsAudit = append === undefined && isLive(source) && !resolved.disabled;
  return {
    config,
    resource,
    parts: options,
    hooks,
    ids: new PresetIds(),
    price: price ?? (await loadPrices(pricesFile)),
    drops,
    pipeline: await createPipeline(config, drops),
    configured: isLive(source) ? await fromConfig?.attach(hooks, actions) : undefined,
    audit: wantsAudit ? await openAudit({ config, resource, drops, hooks }) : undefined,
  };
}

/** What was told before sets off nothing now. */
const isLive = (source: TelemetryParts["source"]): boolean =>
  source !== "replay" && source !== "import";

/** Loads what writes an audit log only where one is wanted. */
async function openAudit(parts: Omit<AuditLaneParts, "options">): Promise<AuditLane | undefined> {
  const options = parts.config.audit;
  if (options === undefined) return undefined;
  const { openAuditLane } = await import("./audit-lane.ts");
  return openAuditLane({ ...parts, options });
}

interface FromConfig {
  readonly telemetry: TelemetryOptions;
  attach(hooks: HookEngine, actions: ActionParts): Promise<AttachedConfig>;
}

/** Loads what reads configs only where there is one. */
async function readGiven(given: ConfigSource): Promise<FromConfig> {
  const { attachToProcess, readConfigSource, telemetryOf } = await import("./config-file.ts");
  const loaded = await readConfigSource(given);
  return {
    telemetry: telemetryOf(loaded),
    attach: (hooks, actions) => attachToProcess(hooks, loaded, actions),
  };
}

async function loadPrices(pricesFile = findPriceFile(process.env)): Promise<PriceCall> {
  const book = await createPriceBook({ userFile: pricesFile });
  return (call) => book.price(call);
}
