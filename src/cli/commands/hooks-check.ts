import path from "node:path";
import { type ConfigOrigin, listConfiguredHooks } from "../../hooks/config/configured-hook.ts";
import { originOfFile, readConfig } from "../../hooks/config/load.ts";
import { findConfigPlaces } from "../../hooks/config/places.ts";
import { problemsText } from "../../hooks/config/problems.ts";
import { TurnspanConfig } from "../../sdk/config-file.ts";
import { parseOptions } from "../command.ts";
import type { CliContext } from "../context.ts";
import { findDoubts, hookRows, hookTable } from "../hook-text.ts";

const usage = `Usage: turnspan hooks check [FILE] [--json]

Checks config files and prints what would run when, and every problem with its place.
Without FILE: your own config and that of the repository you are in, approved or not.
Nothing is run.

  --json      print JSON
  -h, --help  print this

Exit code 1: something is wrong.
`;

/** `turnspan hooks check`: 0 where everything is right. */
export async function checkHooks(args: readonly string[], cli: CliContext): Promise<number> {
  const { values, positionals } = parseOptions(
    "hooks check",
    args,
    { json: { type: "boolean" } },
    usage,
  );
  const origins = await findOrigins(positionals[0], cli);
  const read = await Promise.all(origins.map((origin) => readConfig(TurnspanConfig, origin)));
  const files = read.map(({ file }) => file).filter((file) => file !== undefined);
  const problems = read.flatMap((found) => found.problems);
  if (files.length === 0 && problems.length === 0) return tellNothing(origins, positionals[0], cli);
  const sources = files.map(({ origin }) => origin.source);
  const hooks = listConfiguredHooks(files);
  const warnings = await findDoubts(hooks, cli.env["HOME"]);
  if (values.json) {
    const found = { valid: sources, problems, warnings, hooks: hookRows(hooks) };
    cli.stdout.write(`${JSON.stringify(found)}\n`);
    return problems.length === 0 ? 0 : 1;
  }
  for (const source of sources) cli.stdout.write(`${source} is valid\n`);
  if (hooks.length > 0) cli.stdout.write(`\n${hookTable(hooks)}`);
  for (const warning of warnings) cli.stdout.write(`warning: ${warning}\n`);
  if (problems.length === 0) return 0;
  cli.stderr.write(`${problemsText(problems)}\n`);
  return 1;
}

/** A file that is one of the usual places is read as what it is there: a repository's has rules of its own. */
async function findOrigins(file: string | undefined, cli: CliContext): Promise<ConfigOrigin[]> {
  const places = await findConfigPlaces(cli);
  if (file === undefined) return places;
  const source = path.resolve(cli.cwd, file);
  return [places.find((place) => place.source === source) ?? originOfFile(file, cli.cwd)];
}

function tellNothing(
  origins: readonly ConfigOrigin[],
  file: string | undefined,
  cli: CliContext,
): number {
  const sources = origins.map(({ source }) => `  ${source}\n`).join("");
  if (file === undefined) {
    cli.stdout.write(`There is no config. It would lie in\n${sources}`);
    return 0;
  }
  cli.stderr.write(`There is no file\n${sources}`);
  return 1;
}
