import { skippedText } from "../../hooks/config/attach-config.ts";
import { loadConfig } from "../../hooks/config/load.ts";
import { TurnspanConfig } from "../../sdk/config-file.ts";
import { parseOptions } from "../command.ts";
import type { CliContext } from "../context.ts";
import { hookRows, hookTable } from "../hook-text.ts";

const usage = `Usage: turnspan hooks list [--json]

Lists the configured hooks in the order in which they run: those of your own config and of
the repository you are in, where you approved it.

  --json      print JSON
  -h, --help  print this
`;

/** `turnspan hooks list`: what is configured here. */
export async function listHooks(args: readonly string[], cli: CliContext): Promise<number> {
  const { values } = parseOptions("hooks list", args, { json: { type: "boolean" } }, usage);
  const { hooks, unapproved } = await loadConfig(TurnspanConfig, cli);
  if (values.json) {
    const found = { hooks: hookRows(hooks), unapproved: unapproved?.source ?? null };
    cli.stdout.write(`${JSON.stringify(found)}\n`);
    return 0;
  }
  cli.stdout.write(hooks.length === 0 ? "no hooks are configured\n" : hookTable(hooks));
  if (unapproved !== undefined) cli.stderr.write(`${skippedText(unapproved.source)}\n`);
  return 0;
}
