import type { TurnList, TurnSummary } from "../../server/api-types.ts";
import { formatDuration, formatTime, formatTotalCost } from "../amounts.ts";
import { type Command, parseOptions } from "../command.ts";
import { askServer, serverOptions, serverOptionsHelp } from "../server-client.ts";
import { formatTable, type TableColumn } from "../table.ts";

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
export const turnsCommand: Command = {
  name: "turns",
  summary: "list turns, and why they failed or were blocked",
  usage,
  async run(args, cli) {
    const { values, positionals } = parseOptions("turns", args, {
      ...serverOptions,
      project: { type: "string" },
      agent: { type: "string" },
      state: { type: "string" },
      limit: { type: "string", default: "20" },
    });
    const { project, agent, state, limit } = values;
    const query = { project, agent, state, limit, session: positionals[0] };
    const list = await askServer<TurnList>("/api/turns", query, values, cli);
    if (values.json) cli.stdout.write(`${JSON.stringify(list)}\n`);
    else if (list.turns.length === 0) cli.stdout.write("no turns\n");
    else cli.stdout.write(formatTable(list.turns, columns, cli.stdout.columns));
    return 0;
  },
};
