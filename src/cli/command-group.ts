import { CodedError } from "../base/errors.ts";
import type { Command } from "./command.ts";

export interface CommandGroup extends Omit<Command, "run"> {
  /** What each action's name runs. */
  readonly actions: Readonly<Record<string, Command["run"]>>;
}

/** A command of several actions. Without one it shows its help; an unknown one is USAGE and names them all. */
export function createCommandGroup({ name, summary, usage, actions }: CommandGroup): Command {
  const run: Command["run"] = async ([wanted = "--help", ...args], cli) => {
    const action = Object.hasOwn(actions, wanted) ? actions[wanted] : undefined;
    if (action !== undefined) return action(args, cli);
    if (wanted === "--help" || wanted === "-h") {
      cli.stdout.write(usage);
      return 0;
    }
    const problem = `turnspan ${name} has no action ${JSON.stringify(wanted)}`;
    throw new CodedError("USAGE", `${problem}; it has ${Object.keys(actions).join(", ")}`);
  };
  return { name, summary, usage, run };
}
