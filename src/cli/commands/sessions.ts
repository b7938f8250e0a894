import type { SessionList, SessionSummary } from "../../server/api-types.ts";
import { formatTime, formatTotalCost } from "../amounts.ts";
import type { Command } from "../command.ts";
import { serverOptionsHelp } from "../server-client.ts";
import type { TableColumn } from "../table.ts";
import { createListCommand } from "./list-command.ts";

const usage = `Usage: turnspan sessions [TEXT] [--project P] [--agent A] [--state S] [--limit N] [--json]

Lists sessions, the one last heard of first. TEXT is a part of the title or the key, or the beginning of
the id. Costs are API list prices, or the host's own; your plan may bill differently.

  --project P    only those of a project
  --agent A      only those of an agent
  --state S      running, waiting, ended or untracked
  --limit N      how many (default 20)
${serverOptionsHelp}`;

const columns: readonly TableColumn<SessionSummary>[] = [
  { head: "ID", read: ({ id }) => id.slice(0, 8) },
  { head: "STATE", read: ({ state }) => state },
  { head: "LAST SEEN", read: ({ lastSeenMs }) => formatTime(lastSeenMs) },
  {
    head: "TITLE",
    read: ({ title, sessionKey, sessionId }) => title ?? sessionKey ?? sessionId ?? "",
    width: "rest",
  },
  { head: "AGENT", read: ({ agent }) => agent ?? "", width: 20 },
  { head: "PROJECT", read: ({ project }) => project ?? "", width: 24 },
  { head: "TURNS", read: ({ turns }) => String(turns), align: "right" },
  { head: "FAILED", read: ({ failedTurns }) => String(failedTurns || ""), align: "right" },
  { head: "COST", read: ({ totals }) => formatTotalCost(totals), align: "right" },
];

/** `turnspan sessions`: lists sessions. */
export const sessionsCommand: Command = createListCommand({
  name: "sessions",
  summary: "list sessions with their turns and cost",
  usage,
  columns,
  queryOf: (words) => ({ q: words.length === 0 ? undefined : words.join(" ") }),
  rowsOf: ({ sessions }: SessionList) => sessions,
});
