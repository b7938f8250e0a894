import { readFile } from "node:fs/promises";
import path from "node:path";
import { CodedError, messageOf } from "../../base/errors.ts";
import type { ConfiguredHook } from "../../hooks/config/configured-hook.ts";
import {
  joinConfigs,
  type LoadedConfig,
  loadConfig,
  originOfFile,
  readConfig,
} from "../../hooks/config/load.ts";
import { refuseProblems } from "../../hooks/config/problems.ts";
import type { AttachOptions } from "../../hooks/config/runner-world.ts";
import { startAction } from "../../hooks/config/start-action.ts";
import { withDeadline } from "../../hooks/deadline.ts";
import { DEFAULT_TIMEOUT_MS } from "../../hooks/entry.ts";
import type { AnyPayload, HookLog } from "../../hooks/payload.ts";
import { toAnswer } from "../../hooks/runners/guard-answer.ts";
import { isAsked } from "../../hooks/runners/runner.ts";
import { TurnspanConfig } from "../../sdk/config-file.ts";
import { parseOptions } from "../command.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../output.ts";

const usage = `Usage: turnspan hooks run NAME --event FILE [--config FILE] [--json]

Runs one configured hook by hand, as an event would, and prints what comes of it.

  NAME           a hook's name, or its place in the config; turnspan hooks list has both
  --event FILE   the event as JSON, with the fields that handlers get, such as
                 {"sessionKey": "web:42", "agentId": "main", "turnIndex": 3, "cwd": "."}
  --config FILE  a config file; default: those that count here
  --json         print what comes of it as JSON
  -h, --help     print this

Ctrl-C ends it. Exit code 1: it failed, or its filter does not take the event; 130: interrupted.
`;

/** `turnspan hooks run`: 0 where the hook did what it should. */
export async function runHook(args: readonly string[], cli: CliContext): Promise<number> {
  const { values, positionals } = parseOptions(
    "hooks run",
    args,
    {
      event: { type: "string" },
      config: { type: "string" },
      json: { type: "boolean" },
    },
    usage,
  );
  const [name] = positionals;
  if (name === undefined || values.event === undefined) {
    throw new CodedError("USAGE", "turnspan hooks run needs NAME and --event FILE");
  }
  const loaded = await load(values.config, cli);
  const hook = findHook(name, loaded.hooks);
  const payload = await readEvent(values.event, hook, cli);
  // One document: what the hook itself prints goes elsewhere.
  const stdout = values.json ? cli.stderr : cli.stdout;
  const outcome = await tryHook(hook, payload, loaded, { ...cli, stdout });
  cli.stdout.write(values.json ? `${JSON.stringify(outcome)}\n` : `${describeOutcome(outcome)}\n`);
  return outcome.result === "ran" ? 0 : 1;
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

/** What came of a hook. */
interface Outcome {
  readonly name: string;
  readonly result: "ran" | "filtered" | "failed";
  /** Of a guard: whether it stops the turn, and why. */
  readonly abort?: boolean;
  readonly reason?: string;
  readonly error?: string;
}

type World = Pick<AttachOptions, "env" | "stdout"> & Pick<CliContext, "now" | "signal">;

async function tryHook(
  hook: ConfiguredHook,
  payload: AnyPayload,
  loaded: LoadedConfig<TurnspanConfig>,
  { env, stdout, now, signal }: World,
): Promise<Outcome> {
  const { name } = hook;
  using action = startAction(hook, loaded, { env, stdout, now, log: payload.log });
  if (!action.matches(payload)) return { name, result: "filtered" };
  // Observers keep no program alive; this one is there for nothing else.
  const alive = setInterval(() => undefined, DEFAULT_TIMEOUT_MS);
  const { promise: interrupted, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  try {
    const running = withDeadline(action.run(payload), hook.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const answer = await Promise.race([running, interrupted]);
    return { name, result: "ran", ...verdictOf(answer, hook) };
  } catch (error) {
    signal.throwIfAborted();
    return { name, result: "failed", error: messageOf(error) };
  } finally {
    clearInterval(alive);
  }
}

function verdictOf(answer: unknown, hook: ConfiguredHook): Pick<Outcome, "abort" | "reason"> {
  if (hook.hook !== "beforeTurn" || !isAsked(hook)) return {};
  const heeded = typeof answer === "object" && answer !== null ? toAnswer(answer) : undefined;
  if (heeded?.abort !== true) return { abort: false };
  return { abort: true, reason: heeded.reason ?? "aborted by hook" };
}

function describeOutcome({ name, result, abort, reason, error }: Outcome): string {
  const texts = {
    filtered: "not run, its filter does not take this event",
    failed: `failed: ${error}`,
    ran: "done",
  } as const satisfies Record<Outcome["result"], string>;
  const verdict = abort === true ? `stops the turn: ${reason}` : "lets the turn run";
  return printable(`${name}: ${abort === undefined ? texts[result] : verdict}`);
}
