import { CodedError } from "../base/errors.ts";
import { checkConfig, type LoadedConfig, loadConfig } from "../hooks/config/load.ts";
import { refuseProblems } from "../hooks/config/problems.ts";
import { HookEngine } from "../hooks/engine.ts";
import type { HookLog } from "../hooks/payload.ts";
import type { TelemetryOptions } from "./config.ts";
import { type ActionParts, TurnspanConfig } from "./config-file.ts";
import { createProviders } from "./providers.ts";
import type { Telemetry } from "./telemetry.ts";

/** What a plugin knows of its host and was configured with. */
export interface HostTelemetryOptions {
  /** `turnspan.host`. */
  readonly host: string;
  /** What the host's config has for the plugin: the same as a config file of ours. */
  readonly config: unknown;
  /** Where that stands, as problems name it: `plugins.entries.turnspan.config`. */
  readonly source: string;
  /** Relative paths of scripts begin here. */
  readonly folder: string;
  /** What counts where no config says otherwise. */
  readonly defaults: TelemetryOptions;
  readonly actions: ActionParts;
  readonly log: HookLog;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** No folder of the host's is the user's repository. */
const NO_REPOSITORY = "/";

/**
 * Telemetry for a plugin in somebody else's process: no globals, spans at their end with the host's ids,
 * hooks from the user's own config and from the host's. A folder that cannot be written costs the audit
 * log only. Throws CONFIG_INVALID, TELEMETRY_OPTIONS_INVALID or PRICES_FILE_INVALID with all that is wrong.
 */
export async function createHostTelemetry(options: HostTelemetryOptions): Promise<Telemetry> {
  const { host, log, actions } = options;
  const config = await loadHostConfig(options);
  const start = (more: TelemetryOptions): Promise<Telemetry> => {
    const hooks = new HookEngine({ log });
    return createProviders({ ...more, spans: "deferred", config, actions, host, hooks });
  };
  try {
    return await start({});
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== "AUDIT_FOLDER_UNUSABLE") throw error;
    log.error(`${error.message}: records are sent at once, and lost where nobody takes them.`);
    return start({ audit: undefined });
  }
}

async function loadHostConfig(
  options: HostTelemetryOptions,
): Promise<LoadedConfig<TurnspanConfig>> {
  const { env, config, source, folder, defaults } = options;
  const origin = { kind: "code", source, folder } as const;
  const checked = await checkConfig(TurnspanConfig, config ?? {}, origin);
  refuseProblems(checked.problems);
  const own = checked.config && { origin, text: "", config: checked.config, raw: config ?? {} };
  const loaded = await loadConfig(TurnspanConfig, { env, cwd: NO_REPOSITORY }, own && [own]);
  const raw = { telemetry: defaults };
  const usual = { origin, text: "", raw, config: TurnspanConfig.parse(raw) };
  return { ...loaded, files: [usual, ...loaded.files] };
}
