import { CodedError } from "../../base/errors.ts";
import type { ErrorGroup, ErrorReport } from "../../server/api-report-types.ts";
import { formatTime } from "../amounts.ts";
import { type Command, parseOptions } from "../command.ts";
import { askServer, serverOptions, serverOptionsHelp } from "../server-client.ts";
import { formatTable, type TableColumn } from "../table.ts";

const usage = `Usage: turnspan errors [--since TIME] [--agent A] [--project P] [--json]

Groups failed turns, model calls and tool calls by what failed and why, the most frequent first.

  --since TIME   a span such as 12h or 7d, or a date (default 7d)
  --agent A      only those of an agent
  --project P    only those of a project
${serverOptionsHelp}`;

const columns: readonly TableColumn<ErrorGroup>[] = [
  { head: "COUNT", read: ({ count }) => String(count), align: "right" },
  { head: "WHAT", read: ({ kind }) => kind.replace("_", " ") },
  { head: "TYPE", read: ({ errorType }) => errorType ?? "", width: 32 },
  { head: "OF", read: ({ subject, agent }) => subject ?? agent ?? "", width: 28 },
  { head: "LAST", read: ({ lastMs }) => formatTime(lastMs) },
  { head: "TURN", read: ({ lastTurnId }) => lastTurnId ?? "" },
  { head: "MESSAGE", read: ({ lastMessage }) => lastMessage ?? "", width: "rest" },
];

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A span of time before now, or a date. */
function readSince(text: string, nowMs: number): number {
  const [, amount, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined)
    return nowMs - Number(amount) * (units[unit] ?? 0);
  const date = Date.parse(text);
  if (!Number.isNaN(date)) return date;
  throw new CodedError("USAGE", `--since ${text} is no time: 12h, 7d or 2026-11-21`);
}

/** `turnspan errors`: what failed. */
export const errorsCommand: Command = {
  name: "errors",
  summary: "show what failed, by type",
  usage,
  async run(args, cli) {
    const { values } = parseOptions("errors", args, {
      ...serverOptions,
      since: { type: "string", default: "7d" },
      project: { type: "string" },
      agent: { type: "string" },
    });
    const { project, agent } = values;
    const from = String(readSince(values.since, cli.now()));
    const query = { from, to: String(cli.now()), project, agent };
    const report = await askServer<ErrorReport>("/api/errors", query, values, cli);
    if (values.json) cli.stdout.write(`${JSON.stringify(report)}\n`);
    else if (report.groups.length === 0) cli.stdout.write("no errors\n");
    else cli.stdout.write(formatTable(report.groups, columns, cli.stdout.columns));
    return 0;
  },
};
