import { stripVTControlCharacters } from "node:util";
import { redactText } from "../../../base/redact.ts";
import type { ConfiguredHook, HookAction } from "../../config/configured-hook.ts";
import { DEFAULT_TIMEOUT_MS } from "../../entry.ts";
import { DeliveryError, destinationOf } from "../../outbox/outbox.ts";
import type { HookLog } from "../../payload.ts";
import { hookPoints } from "../../points.ts";
import { messageId } from "../message-id.ts";
import type { HookRunner, RunnerWorld } from "../runner.ts";
import { findWorkFolder } from "../work-folder.ts";
import { readAnswer } from "./answer.ts";
import { type CommandMoment, commandEnvironment } from "./environment.ts";
import { commandInput } from "./input.ts";
import type { PoolRun } from "./pool.ts";
import type { ProcessEnd } from "./process-tree.ts";

type CommandAction = Extract<HookAction, { type: "command" }>;

/** What a command needs of its event. In an outbox it stands for one that a process had no time left for. */
interface Letter extends CommandMoment {
  readonly cwd: string;
  readonly input: string;
}

const LOGGED_CHARS = 16 * 1024;

/** Runs a program for each event: a text through a shell, a list of words without one. No templates in either. */
export function createCommandRunner(
  action: CommandAction,
  hook: ConfiguredHook,
  world: RunnerWorld,
): HookRunner {
  const { name, origin, id } = hook;
  const canBlock = hookPoints[hook.hook] === "guard";
  const toRun = createToRun(action, hook, world);
  const destination = destinationOf(id, action.command);
  world.outbox.register(destination, async ({ body }) => {
    const letter: Letter = JSON.parse(body);
    await world.verify(hook, letter.cwd);
    await onlyOnce(world.commands.run(toRun(letter, world.log)));
  });
  return {
    run: async (payload) => {
      const cwd = findWorkFolder(payload, origin);
      const { hookPoint, traceparent } = payload;
      const letter: Letter = { hookPoint, traceparent, cwd, input: commandInput(payload, cwd) };
      const leave = (): void => {
        const delivery = { id: messageId(payload, destination), destination };
        world.outbox.leave({ ...delivery, body: JSON.stringify(letter) });
      };
      const end = await world.commands.run({
        ...toRun(letter, payload.log),
        isGuard: canBlock && !("thirdParty" in payload),
        onLeft: leave,
      });
      logOutput(end, name, payload.log);
      return readAnswer(end, canBlock);
    },
  };
}

type ToRun = (letter: Letter, log: HookLog) => PoolRun;

function createToRun(
  { command, env: declared = [] }: CommandAction,
  { name, timeoutMs = DEFAULT_TIMEOUT_MS }: ConfiguredHook,
  { env }: RunnerWorld,
): ToRun {
  const [program = "", ...args] = typeof command === "string" ? ["sh", "-c", command] : command;
  return (letter, log) => ({
    ...{ program, args, timeoutMs, cwd: letter.cwd, input: letter.input },
    env: commandEnvironment(letter, { env, declared, name, cwd: letter.cwd }),
    isGuard: false,
    onEscaped: (pids) =>
      log.warn(`hook "${name}" left ${pids.length} processes behind; they were ended`),
  });
}

/** A command that failed is not run again: only one that could not come to its end. */
async function onlyOnce(run: Promise<ProcessEnd>): Promise<void> {
  try {
    readAnswer(await run, false);
  } catch (error) {
    throw new DeliveryError(error instanceof Error ? error.message : String(error), {
      next: "drop",
    });
  }
}

function logOutput({ stdout, stderr }: ProcessEnd, name: string, log: HookLog): void {
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
