import { type ParseArgsConfig, parseArgs } from "node:util";
import { CodedError, messageOf } from "../base/errors.ts";
import type { CliContext } from "./context.ts";

/** One command of `turnspan`. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The full text of `--help`. */
  readonly usage: string;
  /** Runs with what follows the command's name; resolves to the exit code. */
  run(args: readonly string[], cli: CliContext): Promise<number>;
}

type StrictConfig<Options> = { options: Options; allowPositionals: true; strict: true };

/** Thrown where `--help` stands among a command's options: it is shown instead. */
export class HelpWanted extends Error {
  /** Of an action; undefined: the command's own. */
  readonly usage: string | undefined;

  constructor(usage: string | undefined) {
    super();
    this.usage = usage;
  }
}

const helpOption = { help: { type: "boolean", short: "h" } } as const;

/** The error for wrong use of a command: what is wrong, and the help to read. */
export const wrongUse = (commandName: string, problem: string, cause?: unknown): CodedError =>
  new CodedError("USAGE", `${problem}; see turnspan ${commandName} --help`, { cause });

/**
 * Reads a command's options and positionals; `--help` is one of every command's. `usage` is the help of an
 * action of a command, where it has one of its own.
 * Throws USAGE: one line that names the wrong option and the help to read; HelpWanted where that is asked for.
 */
export function parseOptions<const Options extends NonNullable<ParseArgsConfig["options"]>>(
  commandName: string,
  args: readonly string[],
  options: Options,
  usage?: string,
): ReturnType<typeof parseArgs<StrictConfig<Options>>> {
  try {
    const all = { ...helpOption, ...options };
    const parsed = parseArgs({
      args: [...args],
      options: all,
      allowPositionals: true,
      strict: true,
    });
    const { help } = parsed.values as { readonly help?: boolean };
    if (help === true) throw new HelpWanted(usage);
    return parsed;
  } catch (cause) {
    if (cause instanceof HelpWanted) throw cause;
    throw wrongUse(commandName, problemOf(cause, args), cause);
  }
}

/** Node's own words, cut to one line; `--input -3` it calls ambiguous without naming the value. */
function problemOf(cause: unknown, args: readonly string[]): string {
  const text = messageOf(cause);
  const option = /^Option '(\S+).*' argument is ambiguous/.exec(text)?.[1];
  if (option === undefined) return /^.*?(?=\.(\s|$)|\n|$)/.exec(text)?.[0] ?? text;
  const value = args[args.indexOf(option) + 1];
  return `${option} needs a value, and ${JSON.stringify(value)} starts with a dash`;
}
