import { stripVTControlCharacters } from "node:util";
import { redactText } from "../../base/redact.ts";
import type { ConfiguredHook, HookAction } from "../config-entries.ts";
import { DEFAULT_TIMEOUT_MS } from "../entry.ts";
import type { AnyPayload } from "../payload.ts";
import { hookPoints } from "../points.ts";
import { readAnswer } from "./command-answer.ts";
import { commandEnvironment } from "./command-environment.ts";
import { commandInput } from "./command-input.ts";
import type { ProcessEnd } from "./process-tree.ts";
import type { HookRunner, RunnerWorld } from "./runner.ts";
import { findWorkFolder } from "./work-folder.ts";

type CommandAction = Extract<HookAction, { type: "command" }>;

const LOGGED_CHARS = 16 * 1024;

/** Runs a program for each event: a text through a shell, a list of words without one. No templates in either. */
export function createCommandRunner(
  { command, env: declared = [] }: CommandAction,
  hook: ConfiguredHook,
  world: RunnerWorld,
): HookRunner {
  const [program = "", ...args] = typeof command === "string" ? ["sh", "-c", command] : command;
  const canBlock = hookPoints[hook.hook] === "guard";
  const { name, origin, timeoutMs = DEFAULT_TIMEOUT_MS } = hook;
  const run = async (payload: AnyPayload): Promise<unknown> => {
    const cwd = findWorkFolder(payload, origin);
    const end = await world.commands.run({
      program,
      args,
      cwd,
      env: commandEnvironment(payload, { env: world.env, declared, name, cwd }),
      input: commandInput(payload, cwd),
      timeoutMs,
      isGuard: canBlock && !("thirdParty" in payload),
      onEscaped: (pids) => {
        payload.log.warn(`hook "${name}" left ${pids.length} processes behind; they were ended`);
      },
    });
    logOutput(end, name, payload);
    return readAnswer(end, canBlock);
  };
  return { run };
}

function logOutput({ stdout, stderr }: ProcessEnd, name: string, { log }: AnyPayload): void {
  for (const [stream, { text, droppedBytes }] of Object.entries({ stdout, stderr })) {
    if (text === "") continue;
    const shown = stripControls(redactText(text.slice(0, LOGGED_CHARS)));
    const rest = text.length - Math.min(text.length, LOGGED_CHARS) + droppedBytes;
    log.info(`hook "${name}" ${stream}: ${shown.trimEnd()}${rest > 0 ? ` … ${rest} more` : ""}`);
  }
}

/** A log may be shown in a terminal, which obeys control characters. */
const stripControls = (text: string): string =>
  stripVTControlCharacters(text).replace(/(?![\n\t])\p{Cc}/gu, "");
