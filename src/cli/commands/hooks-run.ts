import { readFile } from "node:fs/promises";
import path from "node:path";
import { CodedError } from "../../base/errors.ts";
import {
  joinConfigs,
  type LoadedConfig,
  loadConfig,
  originOfFile,
  readConfig,
} from "../../hooks/config.ts";
import { startAction } from "../../hooks/config-attach.ts";
import type { ConfiguredHook } from "../../hooks/config-entries.ts";
import { refuseProblems } from "../../hooks/config-problems.ts";
import { withDeadline } from "../../hooks/deadline.ts";
import { DEFAULT_TIMEOUT_MS } from "../../hooks/entry.ts";
import type { AnyPayload, HookLog } from "../../hooks/payload.ts";
import { toAnswer } from "../../hooks/runners/guard-answer.ts";
import { isAsked } from "../../hooks/runners/runner.ts";
import { TurnspanConfig } from "../../sdk/config-file.ts";
import { parseOptions } from "../command.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../output.ts";

const usage = `Usage: turnspan hooks run NAME --event FILE [--config FILE]

Runs one configured hook by hand, as an event would, and prints what comes of it.

  NAME           a hook's name, or its place in the config; turnspan hooks list has both
  --event FILE   the event as JSON, with the fields that handlers get, such as
                 {"sessionKey": "web:42", "agentId": "main", "turnIndex": 3, "cwd": "."}
  --config FILE  a config file; default: those that count here
  -h, --help     print this

Exit code 1: it failed, or its filter does not take the event.
`;

/** `turnspan hooks run`: 0 where the hook did what it should. */
export async function runHook(args: readonly string[], cli: CliContext): Promise<number> {
  const { values, positionals } = parseOptions("hooks run", args, {
    event: { type: "string" },
    config: { type: "string" },
    help: { type: "boolean", short: "h" },
  });
  if (values.help) {
    cli.stdout.write(usage);
    return 0;
  }
  const [name] = positionals;
  if (name === undefined || values.event === undefined) {
    throw new CodedError("USAGE", "turnspan hooks run needs NAME and --event FILE");
  }
  const loaded = await load(values.config, cli);
  const hook = findHook(name, loaded.hooks);
  return tryHook(hook, await readEvent(values.event, hook, cli), loaded, cli);
}

async function load(
  file: string | undefined,
  cli: CliContext,
): Promise<LoadedConfig<TurnspanConfig>> {
  if (file === undefined) return loadConfig(TurnspanConfig, cli);
  const found = await readConfig(TurnspanConfig, originOfFile(file, cli.cwd));
  refuseProblems(found.problems);
  if (found.file === undefined) throw new CodedError("USAGE", `there is no file ${file}`);
  return joinConfigs([found.file]);
}

function findHook(name: string, hooks: readonly ConfiguredHook[]): ConfiguredHook {
  const found = hooks.filter((hook) => hook.name === name || hook.path === name);
  const [hook, another] = found;
  if (hook !== undefined && another === undefined) return hook;
  const names = hooks.map((other) => `\n  ${other.name} (${other.origin.source})`).join("");
  const problem =
    hook === undefined ? `there is no hook ${name}` : `${found.length} hooks are named ${name}`;
  throw new CodedError("USAGE", `${problem}; configured are:${names || " none"}`);
}

/** A payload made of what was written; what every payload has is added where it is missing. */
async function readEvent(
  file: string,
  { hook }: ConfiguredHook,
  cli: CliContext,
): Promise<AnyPayload> {
  const text = await readFile(path.resolve(cli.cwd, file), "utf8").catch((error: Error) => {
    throw new CodedError("USAGE", `the event cannot be read: ${error.message}`);
  });
  const written: unknown = parseJson(text, file);
  if (typeof written !== "object" || written === null || Array.isArray(written)) {
    throw new CodedError("USAGE", `${file} holds no JSON object`);
  }
  const usual = {
    workflow: "agent",
    sessionKey: "by-hand",
    cwd: cli.cwd,
    timestamp: new Date(cli.now()),
  };
  const payload = { ...usual, ...written, hookPoint: hook };
  const hidden = { meta: {}, log: logTo(cli) };
  for (const [key, value] of Object.entries(hidden)) {
    Object.defineProperty(payload, key, { value, enumerable: false });
  }
  // What a hand wrote may lack anything: an action that needs it says so when it runs.
  return payload as unknown as AnyPayload;
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CodedError("USAGE", `${file} is no JSON: ${(cause as Error).message}`, { cause });
  }
}

function logTo(cli: CliContext): HookLog {
  const write = (message: string): void => void cli.stderr.write(`${printable(message)}\n`);
  return { debug: write, info: write, warn: write, error: write };
}

async function tryHook(
  hook: ConfiguredHook,
  payload: AnyPayload,
  loaded: LoadedConfig<TurnspanConfig>,
  cli: CliContext,
): Promise<number> {
  const { env, stdout, now } = cli;
  using action = startAction(hook, loaded, { env, stdout, now, log: payload.log });
  if (!action.matches(payload)) {
    cli.stdout.write(`${hook.name}: not run, its filter does not take this event\n`);
    return 1;
  }
  try {
    const answer = await withDeadline(action.run(payload), hook.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    cli.stdout.write(`${hook.name}: ${printable(describeAnswer(answer, hook))}\n`);
    return 0;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    cli.stdout.write(`${hook.name}: failed: ${printable(text)}\n`);
    return 1;
  }
}

function describeAnswer(answer: unknown, hook: ConfiguredHook): string {
  if (hook.hook !== "beforeTurn" || !isAsked(hook)) return "done";
  const heeded = typeof answer === "object" && answer !== null ? toAnswer(answer) : undefined;
  return heeded?.abort === true
    ? `stops the turn: ${heeded.reason ?? "aborted by hook"}`
    : "lets the turn run";
}
