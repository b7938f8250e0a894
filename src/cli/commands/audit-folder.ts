import path from "node:path";
import { findDataFolder } from "../../base/data-folder.ts";
import { CodedError } from "../../base/errors.ts";
import { loadConfig } from "../../hooks/config/load.ts";
import { TurnspanConfig, telemetryOf } from "../../sdk/config-file.ts";
import type { CliContext } from "../context.ts";

/** Options that every action of `turnspan audit` has. */
export const auditOptions = {
  folder: { type: "string" },
  json: { type: "boolean" },
} as const;

export const auditOptionsHelp = `  --folder DIR      the audit log's folder (default: audit.folder of your config, else audit in
                    TURNSPAN_DATA, else ~/.local/share/turnspan/audit)
`;

/** Where the audit log lies: as said, else as configured, else the usual place. */
export async function findAuditFolder(
  given: string | undefined,
  cli: Pick<CliContext, "env" | "cwd">,
): Promise<string> {
  if (given !== undefined) return path.resolve(cli.cwd, given);
  const { audit } = telemetryOf(await loadConfig(TurnspanConfig, cli));
  if (audit?.folder !== undefined) return path.resolve(cli.cwd, audit.folder);
  const data = findDataFolder(cli.env);
  if (data !== undefined) return path.join(data, "audit");
  throw new CodedError("USAGE", "no folder is known: name one by --folder or TURNSPAN_DATA");
}
