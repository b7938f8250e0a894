import { z } from "zod";
import { type AttachedConfig, attachConfig, skippedText } from "../hooks/config/attach-config.ts";
import { type LoadedConfig, readGivenConfig } from "../hooks/config/load.ts";
import type { AttachOptions } from "../hooks/config/runner-world.ts";
import { hookSections } from "../hooks/config/schema.ts";
import type { HookEngine } from "../hooks/engine.ts";
import { TelemetryOptions } from "./config.ts";

/** A whole config file: hooks, and how telemetry is sent. */
export const TurnspanConfig = z.strictObject({
  ...hookSections,
  telemetry: TelemetryOptions.optional(),
});
export type TurnspanConfig = z.output<typeof TurnspanConfig>;

/** A file's path, what a file would hold, or what `loadConfig` found in the usual places. */
export type ConfigSource = string | z.input<typeof TurnspanConfig> | LoadedConfig<TurnspanConfig>;

/** What a host adds to what configured hooks can do. */
export type ActionParts = Pick<AttachOptions, "channel" | "outbox" | "ledger" | "importModule">;

/** Reads what a program was started with. Throws CONFIG_INVALID with all that is wrong. */
export async function readConfigSource(
  source: ConfigSource,
): Promise<LoadedConfig<TurnspanConfig>> {
  return isLoaded(source) ? source : readGivenConfig(TurnspanConfig, source, process.cwd());
}

/** What was loaded has a list of files, which no config has. */
const isLoaded = (source: ConfigSource): source is LoadedConfig<TurnspanConfig> =>
  typeof source === "object" && "files" in source;

/** How telemetry is sent, as the files have it: later ones win, key by key. */
export function telemetryOf({ files }: LoadedConfig<TurnspanConfig>): TelemetryOptions {
  // As it was written, since defaults of an earlier file would hide what a later one leaves open. The
  // schema has judged it.
  const sections = files.map(({ raw }) => (raw as z.input<typeof TurnspanConfig>).telemetry);
  return Object.assign({}, ...sections);
}

/** Attaches configured hooks to the engine of this process. They end with it. */
export async function attachToProcess(
  engine: HookEngine,
  loaded: LoadedConfig,
  parts: ActionParts,
): Promise<AttachedConfig> {
  const { env, stdout } = process;
  // What is not done although it is configured must be seen, whatever log there is.
  if (loaded.unapproved !== undefined) process.emitWarning(skippedText(loaded.unapproved.source));
  const attached = await attachConfig(engine, loaded, { ...parts, env, stdout });
  const end = (): void => attached[Symbol.dispose]();
  // What a command left running would otherwise outlive us, with nobody to end it at its deadline.
  process.once("exit", end);
  return {
    ...attached,
    [Symbol.dispose]: () => {
      process.off("exit", end);
      end();
    },
  };
}
