import type { TurnList, TurnSummary } from "../../server/api-types.ts";
import { formatDuration, formatTime, formatTotalCost } from "../amounts.ts";
import type { Command } from "../command.ts";
import { serverOptionsHelp } from "../server-client.ts";
import type { TableColumn } from "../table.ts";
import { createListCommand } from "./list-command.ts";

const usage = `Usage: turnspan turns [SESSION] [--state S] [--agent A] [--project P] [--limit N] [--json]

Lists turns and subagents' runs, the newest first. SESSION is a session's id as turnspan sessions --json shows
it, its host's id, or its key.

  --state S      running, completed, failed, blocked, cancelled or abandoned
  --agent A      only those of an agent
  --project P    only those of a project
  --limit N      how many (default 20)
${serverOptionsHelp}`;

const columns: readonly TableColumn<TurnSummary>[] = [
  { head: "ID", read: ({ id }) => id },
  { head: "STARTED", read: ({ startMs }) => formatTime(startMs) },
  { head: "TOOK", read: ({ durationMs }) => formatDuration(durationMs), align: "right" },
  { head: "STATE", read: ({ state }) => state },
  { head: "AGENT", read: ({ agent, label }) => label ?? agent ?? "", width: 20 },
  { head: "MODEL", read: ({ model }) => model ?? "", width: 28 },
  { head: "WHAT", read: whatOf, width: "rest" },
  { head: "COST", read: ({ totals }) => formatTotalCost(totals), align: "right" },
];

/** Why it did not succeed comes before what was asked. */
function whatOf(turn: TurnSummary): string {
  const why = turn.errorMessage ?? turn.blockReason ?? turn.errorType;
  return why ?? turn.inputPreview ?? "";
}

/** `turnspan turns`: lists turns. */
export const turnsCommand: Command = createListCommand({
  name: "turns",
  summary: "list turns, and why they failed or were blocked",
  usage,
  columns,
  queryOf: ([session]) => ({ session }),
  rowsOf: ({ turns }: TurnList) => turns,
});
