import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { type Launch, planLaunch } from "../../adapters/cli-agents/agent-launch.ts";
import { leaveExit, leaveLaunch } from "../../adapters/cli-agents/agent-run.ts";
import { RUN_VARIABLE, type RunNote, writeRunNote } from "../../adapters/cli-agents/run-note.ts";
import { CodedError } from "../../base/errors.ts";
import { type Command, parseOptions, wrongUse } from "../command.ts";
import type { CliContext } from "../context.ts";
import { checkEndpointOption } from "../endpoint-option.ts";
import { readDataFolder } from "./install-request.ts";
import { flushCapture, troubleOf } from "./run-flush.ts";

const usage = `Usage: turnspan run [--meta KEY=VALUE]... [--endpoint URL] [--data DIR] -- AGENT [ARGUMENT...]

Runs a CLI agent and opens its session: it has what you name, which hooks at its end get, and so a workflow that
waits is found. Standard input, output, signals and the exit code are the agent's. Its own telemetry, where it has
some and takes TRACEPARENT, hangs below the session. A new session of claude, qwen and gemini is named by
--session-id, and is told from its transcript where no hooks were installed; others need "turnspan install".

  --meta KEY=VALUE   metadata of every session of this run; may be repeated. TURNSPAN_META_* variables count
                     too: TURNSPAN_META_WORKFLOW_ID is workflowId
  --endpoint URL     where no server runs on this machine, sessions are sent there by OTLP over HTTP when the
                     agent has ended (default: OTEL_EXPORTER_OTLP_ENDPOINT; neither: they wait on disk)
  --data DIR         data folder (default: TURNSPAN_DATA, else $XDG_DATA_HOME/turnspan)
  -h, --help         print this

Where no server runs, what the agent did is summed up in $GITHUB_STEP_SUMMARY where that is set, and what was
sent on standard error.
Exit code: the agent's; 128 and the signal's number where a signal ended it; 2 wrong use; 127 no such program.
`;

const options = {
  meta: { type: "string", multiple: true },
  endpoint: { type: "string" },
  data: { type: "string" },
} as const;

const META_PREFIX = "TURNSPAN_META_";

/** `WORKFLOW_ID` is `workflowId`. */
const keyOf = (name: string): string =>
  name.toLowerCase().replaceAll(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

function readMetadata(given: readonly string[], env: CliContext["env"]): Record<string, string> {
  const fromEnv = Object.entries(env).flatMap(([name, value]) =>
    name.startsWith(META_PREFIX) && value !== undefined
      ? [[keyOf(name.slice(META_PREFIX.length)), value] as const]
      : [],
  );
  const pairs = given.map((pair) => {
    const at = pair.indexOf("=");
    if (at < 1) throw wrongUse("run", `--meta ${pair} is not KEY=VALUE`);
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
  return Object.fromEntries([...fromEnv, ...pairs]);
}

/** How a program ended; `signal` where one ended it. */
interface Ended {
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
}

/** Resolves when the program has ended. */
function waitFor(child: ChildProcess, program: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") resolve({ code: 127, signal: null });
      else reject(new CodedError("USAGE", `cannot start ${program}: ${cause.message}`, { cause }));
    });
    child.once("exit", (code, signal) => {
      resolve({ code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]), signal });
    });
  });
}

/**
 * Starts the program and hands signals on to it while it runs; after its end they end what is still to be done
 * here. Ctrl-C at a terminal goes to both: the program has it already.
 */
function startHandingOn(
  start: () => ChildProcess,
  cli: CliContext,
): { readonly child: ChildProcess; readonly signal: AbortSignal } {
  const stop = new AbortController();
  // First: a program may be at work before the call that starts it returns.
  cli.onSignal?.((signal) => {
    const isRunning = child.exitCode === null && child.signalCode === null;
    if (!isRunning) stop.abort();
    else if (signal !== "SIGINT" || cli.hasTerminal !== true) child.kill(signal);
  });
  const child = start();
  cli.signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
  return { child, signal: stop.signal };
}

async function runAgent(args: readonly string[], cli: CliContext): Promise<number> {
  const at = args.indexOf("--");
  const own = at < 0 ? args : args.slice(0, at);
  const { values, positionals } = parseOptions("run", own, options);
  const [program, ...rest] = at < 0 ? [] : args.slice(at + 1);
  if (positionals.length > 0 || program === undefined) {
    throw wrongUse("run", "put the agent and its arguments behind --");
  }
  const endpoint = values.endpoint ?? (cli.env["OTEL_EXPORTER_OTLP_ENDPOINT"] || undefined);
  checkEndpointOption("run", endpoint);
  const dataFolder = readDataFolder(values.data, cli);
  const metadata = readMetadata(values.meta ?? [], cli.env);
  const note = await writeRunNote(dataFolder, metadata, cli.now());
  const launch = planLaunch(program, rest);
  const { code, signal } = await runProgram([program, ...launch.args], {
    ...{ dataFolder, note, session: launch.session },
    cli,
  });
  await flushCapture({ dataFolder, endpoint, run: note.id, signal }, cli);
  return code;
}

interface RunOptions {
  readonly dataFolder: string;
  readonly note: RunNote;
  readonly session: Launch["session"];
  readonly cli: CliContext;
}

/** Runs the program, and leaves word of its beginning and end where its session is known. */
async function runProgram(
  [program = "", ...args]: readonly string[],
  { dataFolder, note, session, cli }: RunOptions,
): Promise<{ readonly code: number; readonly signal: AbortSignal }> {
  const startedMs = cli.now();
  const env = {
    ...cli.env,
    TURNSPAN_DATA: dataFolder,
    [RUN_VARIABLE]: note.id,
    TRACEPARENT: note.traceparent,
  };
  const start = () => spawn(program, args, { cwd: cli.cwd, stdio: "inherit", env });
  const { child, signal } = startHandingOn(start, cli);
  const { pid } = child;
  const known =
    session === undefined || pid === undefined
      ? undefined
      : { ...session, dataFolder, pid, run: note.id, cwd: cli.cwd };
  const left = known && leaveLaunch(known, startedMs).catch(troubleOf(cli));
  const ended = await waitFor(child, program);
  if (pid === undefined) cli.stderr.write(`turnspan: there is no program ${program}\n`);
  await left;
  const reason = ended.signal === null ? "exit" : "killed";
  if (known !== undefined) {
    await leaveExit(known, cli.now(), { reason, env: cli.env }).catch(troubleOf(cli));
  }
  return { code: ended.code, signal };
}

/** `turnspan run`: an agent whose sessions know what they are for. */
export const runAgentCommand: Command = {
  name: "run",
  summary: "run a CLI agent, and give its sessions metadata",
  usage,
  run: runAgent,
};
