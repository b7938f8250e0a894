import { createCommandGroup } from "../command-group.ts";
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

/** `turnspan prices`: shows which price applies to a model, and keeps prices of the user's own. */
export const pricesCommand = createCommandGroup({
  name: "prices",
  summary: "show which price applies to a model, or add one of your own",
  usage,
  actions: {
    show: showPrices,
    add: addPrice,
  },
});
