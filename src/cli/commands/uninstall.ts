import { cliAgents } from "../../adapters/cli-agents/agents.ts";
import {
  planUninstall,
  planUninstallAll,
  purgeCapture,
  type SettingsChange,
  uninstall,
} from "../../adapters/cli-agents/install.ts";
import { type Command, parseOptions, wrongUse } from "../command.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../output.ts";
import {
  diffText,
  installOptions,
  readAgent,
  readDataFolder,
  scopeOptions,
} from "./install-request.ts";

const usage = `Usage: turnspan uninstall AGENT [--user | --project | --managed] [OPTIONS]
       turnspan uninstall --all [--purge]

Takes back what "turnspan install" did. Settings that nobody changed since are what they were, byte for
byte; else our entries alone are removed. What was recorded stays.

  AGENT              ${Object.keys(cliAgents).join(", ")}
  --user, --project, --managed
                     as it was installed (default: --user)
  --all              all agents and all settings that were ever installed into
  --purge            also the scripts that agents call, and events that are not stored yet
  --data DIR         data folder (default: TURNSPAN_DATA, else $XDG_DATA_HOME/turnspan)
  --dry-run          show what would be changed, and change nothing
  -h, --help         print this

Exit code: 0 done, 2 wrong use, or settings that cannot be read or written.
`;

const options = {
  ...scopeOptions,
  all: { type: "boolean", default: false },
  purge: { type: "boolean", default: false },
} as const;

async function runUninstall(args: readonly string[], cli: CliContext): Promise<number> {
  const { values, positionals } = parseOptions("uninstall", args, options);
  if (values.purge && !values.all) throw wrongUse("uninstall", "--purge needs --all");
  if (values.all && positionals.length > 0) {
    throw wrongUse("uninstall", `--all is all agents: ${positionals.join(" ")} is too much`);
  }
  const dataFolder = readDataFolder(values.data, cli);
  const plan = async (): Promise<SettingsChange> => {
    const agent = readAgent("uninstall", positionals);
    return planUninstall(installOptions("uninstall", agent, values, cli));
  };
  const changes = values.all ? await planUninstallAll(dataFolder) : [await plan()];
  if (changes.length === 0) cli.stdout.write("nothing is installed\n");
  for (const change of changes) {
    const isClean = change.before === change.after;
    cli.stdout.write(
      isClean ? `${printable(change.file)} has nothing of ours\n` : diffText(change),
    );
    if (!values["dry-run"]) await uninstall(change, dataFolder);
  }
  if (values.purge && !values["dry-run"]) {
    await purgeCapture(dataFolder);
    cli.stdout.write("capture scripts and events that waited are gone\n");
  }
  return 0;
}

export const uninstallCommand: Command = {
  name: "uninstall",
  summary: "take the hooks out of a CLI agent's settings again",
  usage,
  run: runUninstall,
};
