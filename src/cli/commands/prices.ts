import { CodedError } from "../../base/errors.ts";
import type { Command } from "../command.ts";
import { addPrice } from "./prices-add.ts";
import { showPrices } from "./prices-show.ts";

const usage = `Usage: turnspan prices show [MODEL] [--provider P] [--at DATE] [--json]
       turnspan prices add MODEL --input USD --output USD [options]

Which list price applies to a model and where it comes from; prices of your own.
Your prices win over the built-in ones. They are kept in
$XDG_CONFIG_HOME/turnspan/prices.json, by default ~/.config/turnspan/prices.json.

  turnspan prices show --help
  turnspan prices add --help
`;

const actions: ReadonlyMap<string, Command["run"]> = new Map([
  ["show", showPrices],
  ["add", addPrice],
]);

/** `turnspan prices`: shows which price applies to a model, and keeps prices of the user's own. */
export const pricesCommand: Command = {
  name: "prices",
  summary: "show which price applies to a model, or add one of your own",
  usage,
  async run([name = "--help", ...args], cli) {
    const action = actions.get(name);
    if (action !== undefined) return action(args, cli);
    if (name === "--help" || name === "-h") {
      cli.stdout.write(usage);
      return 0;
    }
    throw new CodedError(
      "USAGE",
      `turnspan prices has no action ${JSON.stringify(name)}; it has show and add`,
    );
  },
};
