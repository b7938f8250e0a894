import { CodedError } from "../../base/errors.ts";
import type { Command } from "../command.ts";
import { listBudgets } from "./budget-list.ts";
import { raiseBudget } from "./budget-raise.ts";

const usage = `Usage: turnspan budget [--json]
       turnspan budget raise [NAME] --for TIME --reason TEXT [--usd N] [--tokens N]
                             [--turns N] [--errors N] [--of WHOSE]

Shows the budgets that were in use on this machine and how far they are used up; or lets one
go beyond its limits for a time. Programs that run heed it at their next turn. What was raised,
why and by whom is kept, and goes into the audit log where your config has one.

  NAME           a budget's name, as the list has it; not needed where there is one only
  --for TIME     how long: 30m, 2h, 1d
  --reason TEXT  why; it stands in the record
  --usd N        dollars beside the limit, and so on: --tokens, --turns, --errors (in a row)
                 Default: each limit of the budget once more
  --of WHOSE     only for one session, agent or day, as the list has it
  --json         print JSON
  -h, --help     print this
`;

/** `turnspan budget`: what is left, and more for a time. */
export const budgetCommand: Command = {
  name: "budget",
  summary: "show how far budgets are used up, or raise one for a time",
  usage,
  async run([action, ...rest], cli) {
    if (action === "raise") return raiseBudget(rest, cli);
    if (action === undefined || action.startsWith("-")) {
      return listBudgets(action === undefined ? [] : [action, ...rest], cli);
    }
    const problem = `turnspan budget has no action ${JSON.stringify(action)}; it has raise`;
    throw new CodedError("USAGE", problem);
  },
};
