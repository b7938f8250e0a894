import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { RUN_VARIABLE, writeRunNote } from "../../adapters/cli-agents/run-note.ts";
import { CodedError } from "../../base/errors.ts";
import { type Command, parseOptions, wrongUse } from "../command.ts";
import type { CliContext } from "../context.ts";
import { checkEndpointOption } from "../endpoint-option.ts";
import { readDataFolder } from "./install-request.ts";
import { flushCapture } from "./run-flush.ts";

const usage = `Usage: turnspan run [--meta KEY=VALUE]... [--endpoint URL] [--data DIR] -- AGENT [ARGUMENT...]

Runs a CLI agent that hooks were installed into, and gives its sessions what you name: hooks at their ends get
it, and so a workflow that waits is found. Standard input, output and the exit code are the agent's.

  --meta KEY=VALUE   metadata of every session of this run; may be repeated. TURNSPAN_META_* variables count
                     too: TURNSPAN_META_WORKFLOW_ID is workflowId
  --endpoint URL     where no server runs on this machine, sessions are sent there by OTLP over HTTP when the
                     agent has ended (default: OTEL_EXPORTER_OTLP_ENDPOINT; neither: they wait on disk)
  --data DIR         data folder (default: TURNSPAN_DATA, else $XDG_DATA_HOME/turnspan)
  -h, --help         print this

What was sent is summed up on standard error, and in $GITHUB_STEP_SUMMARY where that is set.
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

/** Resolves when the program has ended, to the exit code that tells how. */
function waitFor(child: ChildProcess, program: string, signal: AbortSignal): Promise<number> {
  // Ctrl-C reaches it by the terminal; what ends this process alone is handed on.
  signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
  return new Promise((resolve, reject) => {
    child.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") resolve(127);
      else reject(new CodedError("USAGE", `cannot start ${program}: ${cause.message}`, { cause }));
    });
    child.once("exit", (code, by) => {
      resolve(code ?? 128 + (by === null ? 0 : constants.signals[by]));
    });
  });
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
  const run = await writeRunNote(dataFolder, readMetadata(values.meta ?? [], cli.env));
  const env = { ...cli.env, TURNSPAN_DATA: dataFolder, [RUN_VARIABLE]: run };
  const child = spawn(program, rest, { cwd: cli.cwd, env, stdio: "inherit" });
  const code = await waitFor(child, program, cli.signal);
  if (code === 127) cli.stderr.write(`turnspan: there is no program ${program}\n`);
  await flushCapture({ dataFolder, endpoint, run }, cli);
  return code;
}

/** `turnspan run`: an agent whose sessions know what they are for. */
export const runAgentCommand: Command = {
  name: "run",
  summary: "run a CLI agent, and give its sessions metadata",
  usage,
  run: runAgent,
};
