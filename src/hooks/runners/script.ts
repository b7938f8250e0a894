import { stat } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { ConfigOrigin, ConfiguredHook, HookAction } from "../config/configured-hook.ts";
import type { AnyPayload } from "../payload.ts";
import type { HookRunner, RunnerWorld } from "./runner.ts";

type ScriptAction = Extract<HookAction, { type: "script" }>;
type ScriptFunction = (context: object) => unknown;

/** Calls the default export of a module, in this process. The module is loaded once. */
export function createScriptRunner(
  { script }: ScriptAction,
  { origin }: ConfiguredHook,
  { env, importModule }: RunnerWorld,
): HookRunner {
  const file = resolveScript(script, origin, env["HOME"]);
  let loading: Promise<ScriptFunction> | undefined;
  let loaded: ScriptFunction | undefined;
  const load = (): Promise<ScriptFunction> => {
    loading ??= loadScript(file, importModule).then((found) => {
      loaded = found;
      return found;
    });
    return loading;
  };
  const call = (run: ScriptFunction, payload: AnyPayload): unknown =>
    run(withBasePath(payload, origin.folder));
  return {
    // A script that answers at once is answered for at once: only its first call may have to wait.
    run: (payload) =>
      loaded === undefined ? load().then((run) => call(run, payload)) : call(loaded, payload),
    prepare: async () => void (await load()),
  };
}

/** Relative paths begin at the config's folder; `~` is the user's home, but not for a repository. */
export function resolveScript(
  script: string,
  { folder, kind }: ConfigOrigin,
  home?: string | undefined,
): string {
  const isAtHome = kind !== "repository" && home !== undefined && script.startsWith("~/");
  return path.resolve(folder, isAtHome ? home + script.slice(1) : script);
}

async function loadScript(
  file: string,
  importModule: RunnerWorld["importModule"],
): Promise<ScriptFunction> {
  // An import of a folder or of nothing would be told in Node's words, which name no setting.
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) throw new Error(`there is no file ${file}`);
  const module = (await importModule(pathToFileURL(file).href)) as { readonly default?: unknown };
  if (!isFunction(module.default)) throw new Error(`${file} exports no function as its default`);
  return module.default;
}

const isFunction = (value: unknown): value is ScriptFunction => typeof value === "function";

/**
 * The payload with `basePath` on it, which differs from script to script, while the payload is one object
 * for all. Its getters must run on the payload itself, which keeps their values to itself.
 */
function withBasePath(payload: AnyPayload, basePath: string): object {
  return new Proxy<object>(payload, {
    get(target, key) {
      if (key === "basePath") return basePath;
      const value: unknown = Reflect.get(target, key, target);
      return key === "toJSON" && isFunction(value) ? value.bind(target) : value;
    },
  });
}
