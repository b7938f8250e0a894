import { type ParseArgsConfig, parseArgs } from "node:util";
import { CodedError } from "../base/errors.ts";
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
export class HelpWanted extends Error {}

const helpOption = { help: { type: "boolean", short: "h" } } as const;

/**
 * Reads a command's options and positionals.
 * Throws USAGE: one line that names the wrong option and the help to read; HelpWanted where a command that
 * has no option `help` of its own is asked for it.
 */
export function parseOptions<const Options extends NonNullable<ParseArgsConfig["options"]>>(
  commandName: string,
  args: readonly string[],
  options: Options,
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
    if (help === true && !("help" in options)) throw new HelpWanted();
    return parsed;
  } catch (cause) {
    if (cause instanceof HelpWanted) throw cause;
    const problem = problemOf(cause, args);
    throw new CodedError("USAGE", `${problem}; see turnspan ${commandName} --help`, { cause });
  }
}

/** Node's own words, cut to one line; `--input -3` it calls ambiguous without naming the value. */
function problemOf(cause: unknown, args: readonly string[]): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  const option = /^Option '(\S+).*' argument is ambiguous/.exec(text)?.[1];
  if (option === undefined) return /^.*?(?=\.(\s|$)|\n|$)/.exec(text)?.[0] ?? text;
  const value = args[args.indexOf(option) + 1];
  return `${option} needs a value, and ${JSON.stringify(value)} starts with a dash`;
}
