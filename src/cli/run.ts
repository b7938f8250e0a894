import { CodedError } from "../base/errors.ts";
import { VERSION } from "../version.ts";
import { type Command, HelpWanted } from "./command.ts";
import type { CliContext } from "./context.ts";

/** A row a command; each is loaded only when it is asked for, since `prices` need not wait for the SDK. */
const commands = {
  config: {
    summary: "show the settings that count here, and where they come from",
    load: async () => (await import("./commands/config.ts")).configCommand,
  },
  budget: {
    summary: "show how far budgets are used up, or raise one for a time",
    load: async () => (await import("./commands/budget.ts")).budgetCommand,
  },
  hooks: {
    summary: "show, check, try and approve configured hooks",
    load: async () => (await import("./commands/hooks.ts")).hooksCommand,
  },
  up: {
    summary: "run the server: take telemetry, keep it, show it in a browser",
    load: async () => (await import("./commands/up.ts")).upCommand,
  },
  service: {
    summary: "run the server in the background, from every login on",
    load: async () => (await import("./commands/service.ts")).serviceCommand,
  },
  sessions: {
    summary: "list sessions with their turns and cost",
    load: async () => (await import("./commands/sessions.ts")).sessionsCommand,
  },
  turns: {
    summary: "list turns, and why they failed or were blocked",
    load: async () => (await import("./commands/turns.ts")).turnsCommand,
  },
  trace: {
    summary: "show one turn's trace as a tree",
    load: async () => (await import("./commands/trace.ts")).traceCommand,
  },
  errors: {
    summary: "show what failed, by type",
    load: async () => (await import("./commands/errors.ts")).errorsCommand,
  },
  cost: {
    summary: "what the model calls of your CLI agents cost, from their transcripts",
    load: async () => (await import("./commands/cost.ts")).costCommand,
  },
  import: {
    summary: "turn the transcripts of CLI agents into sessions, turns and cost",
    load: async () => (await import("./commands/import.ts")).importCommand,
  },
  install: {
    summary: "make a CLI agent tell of its sessions, by hooks in its settings",
    load: async () => (await import("./commands/install.ts")).installCommand,
  },
  uninstall: {
    summary: "take the hooks out of a CLI agent's settings again",
    load: async () => (await import("./commands/uninstall.ts")).uninstallCommand,
  },
  run: {
    summary: "run a CLI agent, and give its sessions metadata",
    load: async () => (await import("./commands/run-agent.ts")).runAgentCommand,
  },
  statusline: {
    summary: "one line for an agent's status bar: cost of the session and of today",
    load: async () => (await import("./commands/statusline.ts")).statuslineCommand,
  },
  prices: {
    summary: "show which price a model has and where it comes from, or add one",
    load: async () => (await import("./commands/prices.ts")).pricesCommand,
  },
  audit: {
    summary: "show and export the audit log, and what could not be delivered",
    load: async () => (await import("./commands/audit.ts")).auditCommand,
  },
  doctor: {
    summary: "look whether telemetry arrives and is kept, and say what to mend",
    load: async () => (await import("./commands/doctor.ts")).doctorCommand,
  },
  replay: {
    summary: "turn a recording of a host into traces, records and metrics",
    load: async () => (await import("./commands/replay.ts")).replayCommand,
  },
} as const satisfies Record<
  string,
  { readonly summary: string; readonly load: () => Promise<Command> }
>;

const isCommand = (name: string): name is keyof typeof commands => Object.hasOwn(commands, name);

function helpText(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const rows = Object.entries(commands).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`,
  );
  return [
    "turnspan: OpenTelemetry lifecycle instrumentation for AI agent runtimes",
    "",
    "Usage: turnspan COMMAND [OPTIONS]",
    "",
    ...rows,
    "",
    "turnspan COMMAND --help tells more. turnspan --version prints the version.",
    "",
  ].join("\n");
}

/**
 * Runs the command line. Resolves to the exit code: 0 done, 1 done with something to tell, 2 wrong use,
 * 130 interrupted. The one place where an error becomes a line and a code.
 */
export async function runCli(argv: readonly string[], cli: CliContext): Promise<number> {
  const [name, ...args] = argv;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    cli.stdout.write(helpText());
    return 0;
  }
  if (name === "--version" || name === "-v") {
    cli.stdout.write(`${VERSION}\n`);
    return 0;
  }
  if (!isCommand(name)) {
    cli.stderr.write(`turnspan: there is no command "${name}"; see turnspan --help\n`);
    return 2;
  }
  try {
    return await runCommand(await commands[name].load(), args, cli);
  } catch (error) {
    return tellError(error, cli);
  }
}

async function runCommand(
  command: Command,
  args: readonly string[],
  cli: CliContext,
): Promise<number> {
  if (args.length === 1 && (args[0] === "--help" || args[0] === "-h")) {
    cli.stdout.write(command.usage);
    return 0;
  }
  try {
    return await command.run(args, cli);
  } catch (error) {
    if (!(error instanceof HelpWanted)) throw error;
    cli.stdout.write(error.usage ?? command.usage);
    return 0;
  }
}

function tellError(error: unknown, cli: CliContext): number {
  if (cli.signal.aborted) {
    cli.stderr.write("turnspan: interrupted\n");
    return 130;
  }
  if (error instanceof CodedError) {
    cli.stderr.write(`turnspan: ${error.message}\n`);
    return 2;
  }
  cli.stderr.write(
    `turnspan: ${error instanceof Error ? (error.stack ?? error.message) : error}\n`,
  );
  return 70;
}
