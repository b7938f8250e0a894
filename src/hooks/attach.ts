import { type AttachedConfig, attachConfig } from "./config/attach-config.ts";
import { loadConfig, readGivenConfig } from "./config/load.ts";
import type { AttachOptions } from "./config/runner-world.ts";
import { HooksConfig, type HooksConfigInput } from "./config/schema.ts";
import type { HookEngine } from "./engine.ts";

export type { AttachedConfig } from "./config/attach-config.ts";
export type { HooksConfigInput } from "./config/schema.ts";
export type { OutgoingMessage, Outlet } from "./runners/send/outlet.ts";

export interface AttachHooksOptions extends AttachOptions {
  /** A config file's path, or what a file would hold. Default: the user's own and the repository's. */
  readonly config?: string | HooksConfigInput | undefined;
  /** Where the user is: the repository around it may have a config. */
  readonly cwd: string;
}

/**
 * Attaches what config files have at hooks to an engine, for programs that do not use `startTelemetry`.
 * Disposing the result detaches it and ends what it runs. Throws CONFIG_INVALID with all that is wrong.
 */
export async function attachHooks(
  engine: HookEngine,
  { config, cwd, ...options }: AttachHooksOptions,
): Promise<AttachedConfig> {
  const loaded =
    config === undefined
      ? await loadConfig(HooksConfig, { env: options.env, cwd })
      : await readGivenConfig(HooksConfig, config, cwd);
  return attachConfig(engine, loaded, options);
}
