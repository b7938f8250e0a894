import { createCommandGroup } from "../command-group.ts";
import { showConfig } from "./config-show.ts";

const usage = `Usage: turnspan config show [--origin] [--json]

Prints the settings that count here: those of ~/.config/turnspan/config.json, then those of
.turnspan/config.json of the repository you are in, where you approved it. Later ones win;
lists of hooks are joined. Secrets are not shown.

  --origin    say which file each setting is from
  --json      print JSON, with the files
  -h, --help  print this
`;

/** `turnspan config`: shows the settings that count. */
export const configCommand = createCommandGroup({
  name: "config",
  summary: "show the settings that count here, and where they come from",
  usage,
  actions: { show: showConfig },
});
