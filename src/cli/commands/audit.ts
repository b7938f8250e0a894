import { createCommandGroup } from "../command-group.ts";
import { listDeadLetters } from "./audit-dead-letters.ts";
import { exportTrail } from "./audit-export.ts";
import { resendDead } from "./audit-resend.ts";
import { showAuditStatus } from "./audit-status.ts";

const usage = `Usage: turnspan audit status [--json]
       turnspan audit export [--format csv|jsonl|otlp] [FILTERS] [--output FILE]
       turnspan audit dead-letters [--destination NAME] [--json]
       turnspan audit resend [--destination NAME] [--to URL] [--json]

The audit log on this machine: what every session, turn and patch left behind, on disk before it is
acknowledged. Its writers may be at work meanwhile; reading it changes nothing.

  turnspan audit status --help
  turnspan audit export --help
  turnspan audit dead-letters --help
  turnspan audit resend --help
`;

/** `turnspan audit`: shows and exports the audit log, and sends again what was not taken. */
export const auditCommand = createCommandGroup({
  name: "audit",
  summary: "show and export the audit log, and what could not be delivered",
  usage,
  actions: {
    status: showAuditStatus,
    export: exportTrail,
    "dead-letters": listDeadLetters,
    resend: resendDead,
  },
});
