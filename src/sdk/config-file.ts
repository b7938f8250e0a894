import { z } from "zod";
import {
  checkConfig,
  joinConfigs,
  type LoadedConfig,
  originOfFile,
  readConfig,
} from "../hooks/config.ts";
import { type AttachedConfig, type AttachOptions, attachConfig } from "../hooks/config-attach.ts";
import { refuseProblems } from "../hooks/config-problems.ts";
import { hookSections } from "../hooks/config-schema.ts";
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
export type ActionParts = Pick<AttachOptions, "channel" | "outbox" | "ledger">;

/** Reads what a program was started with. It is the program's own, and counts without being approved. */
export async function readConfigSource(
  source: ConfigSource,
): Promise<LoadedConfig<TurnspanConfig>> {
  if (isLoaded(source)) return source;
  if (typeof source === "string") return readGivenFile(source);
  const origin = {
    kind: "code",
    source: "the config given in code",
    folder: process.cwd(),
  } as const;
  const { config, problems } = await checkConfig(TurnspanConfig, source, origin);
  refuseProblems(problems);
  return joinConfigs(config === undefined ? [] : [{ origin, text: "", config, raw: source }]);
}

/** A value that was loaded has a list of files, which no config has. */
const isLoaded = (
  source: Exclude<ConfigSource, string> | string,
): source is LoadedConfig<TurnspanConfig> => typeof source === "object" && "files" in source;

async function readGivenFile(file: string): Promise<LoadedConfig<TurnspanConfig>> {
  const origin = originOfFile(file, process.cwd());
  const { file: found, problems } = await readConfig(TurnspanConfig, origin);
  refuseProblems(problems);
  if (found !== undefined) return joinConfigs([found]);
  const missing = { source: origin.source, path: "(the whole file)", message: "does not exist" };
  refuseProblems([missing]);
  return joinConfigs([]);
}

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
