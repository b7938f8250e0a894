import { CodedError } from "../../base/errors.ts";
import type { Command } from "../command.ts";
import { listDeadLetters } from "./audit-dead-letters.ts";
import { exportTrail } from "./audit-export.ts";
import { showAuditStatus } from "./audit-status.ts";

const usage = `Usage: turnspan audit status [--json]
       turnspan audit export [--format csv|jsonl|otlp] [FILTERS] [--output FILE]
       turnspan audit dead-letters [--destination NAME] [--json]

The audit log on this machine: what every session, turn and patch left behind, on disk before it is
acknowledged. Reading it changes nothing; its writers may be at work.

  turnspan audit status --help
  turnspan audit export --help
  turnspan audit dead-letters --help
`;

const actions: ReadonlyMap<string, Command["run"]> = new Map([
  ["status", showAuditStatus],
  ["export", exportTrail],
  ["dead-letters", listDeadLetters],
]);

/** `turnspan audit`: shows and exports the audit log. */
export const auditCommand: Command = {
  name: "audit",
  summary: "show and export the audit log, and what could not be delivered",
  usage,
  async run([name = "--help", ...args], cli) {
    const action = actions.get(name);
    if (action !== undefined) return action(args, cli);
    if (name === "--help" || name === "-h") {
      cli.stdout.write(usage);
      return 0;
    }
    const names = [...actions.keys()].join(", ");
    throw new CodedError(
      "USAGE",
      `turnspan audit has no action ${JSON.stringify(name)}; it has ${names}`,
    );
  },
};
