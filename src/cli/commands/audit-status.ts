import { type DeliveryReport, inspectAudit, type WriterReport } from "../../audit/inspect.ts";
import { formatDuration, formatTime } from "../amounts.ts";
import { parseOptions } from "../command.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../output.ts";
import { startProgress } from "../progress.ts";
import { formatTable, type TableColumn } from "../table.ts";
import { auditOptions, auditOptionsHelp, findAuditFolder } from "./audit-folder.ts";

const usage = `Usage: turnspan audit status [--folder DIR] [--json]

Reads and checks every record of the audit log, and shows for each writer (a process that runs now, or
ran once) what it holds, what is missing, and how far each destination has got.

${auditOptionsHelp}  --json            print JSON
  -h, --help        print this

Exit code: 0 all records are whole, 1 some are missing or damaged, or none are there.
`;

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const logColumns: readonly TableColumn<WriterReport>[] = [
  { head: "LOG", read: ({ writer }) => writer },
  { head: "STATE", read: ({ isAlive }) => (isAlive ? "running" : "ended") },
  { head: "SERVICE", read: ({ process }) => process?.service ?? "", width: 24 },
  { head: "RECORDS", read: ({ nextSeq }) => String(nextSeq), align: "right" },
  { head: "MISSING", read: (report) => String(missingOf(report) || ""), align: "right" },
  { head: "DAMAGE", read: ({ damage }) => String(damage.length || ""), align: "right" },
  { head: "OPEN", read: ({ open }) => String(open || ""), align: "right" },
  { head: "SIZE", read: ({ bytes }) => megabytes(bytes), align: "right" },
  { head: "SINCE", read: ({ since }) => (since === undefined ? "" : formatTime(since)) },
  { head: "LAST RECORD", read: ({ lastAt }) => (lastAt === undefined ? "" : formatTime(lastAt)) },
];

type DeliveryRow = DeliveryReport & Pick<WriterReport, "writer"> & { readonly now: number };

const deliveryColumns: readonly TableColumn<DeliveryRow>[] = [
  { head: "LOG", read: ({ writer }) => writer },
  { head: "DESTINATION", read: ({ destination }) => destination },
  { head: "DELIVERED", read: ({ delivered }) => String(delivered), align: "right" },
  { head: "WAITING", read: ({ waiting }) => String(waiting), align: "right" },
  {
    head: "OLDEST",
    read: ({ oldestWaitingAt, now }) =>
      oldestWaitingAt === undefined ? "" : formatDuration(now - oldestWaitingAt),
    align: "right",
  },
  { head: "DEAD LETTERS", read: ({ deadLetters }) => String(deadLetters), align: "right" },
  { head: "REJECTED", read: ({ rejected }) => String(rejected), align: "right" },
];

const missingOf = ({ gaps }: Pick<WriterReport, "gaps">): number =>
  gaps.reduce((sum, { count }) => sum + count, 0);

/** `turnspan audit status`: every log, read whole. */
export async function showAuditStatus(args: readonly string[], cli: CliContext): Promise<number> {
  const { values } = parseOptions("audit status", args, auditOptions, usage);
  const folder = await findAuditFolder(values.folder, cli);
  const progress = startProgress(cli, "records");
  const reports = await inspectAudit(folder, { whole: true, onRecords: progress.count });
  progress.end();
  if (values.json) cli.stdout.write(`${JSON.stringify({ folder, logs: reports })}\n`);
  else cli.stdout.write(statusText(folder, reports, cli));
  const isWhole = reports.every((report) => missingOf(report) + report.damage.length === 0);
  return reports.length > 0 && isWhole ? 0 : 1;
}

function statusText(folder: string, reports: readonly WriterReport[], cli: CliContext): string {
  if (reports.length === 0) return `no audit log in ${printable(folder)}\n`;
  const deliveries = reports.flatMap(({ writer, deliveries }) =>
    deliveries.map((delivery) => ({ writer, now: cli.now(), ...delivery })),
  );
  const { columns } = cli.stdout;
  return [
    formatTable(reports, logColumns, columns),
    deliveries.length === 0 ? "" : `\n${formatTable(deliveries, deliveryColumns, columns)}`,
    ...reports.flatMap(lossLines),
  ].join("");
}

/** What is missing, and what cannot be read, with its place. */
function lossLines({ writer, gaps, damage }: WriterReport): string[] {
  return [
    ...gaps.map(
      ({ firstSeq, count, reason, from }) =>
        `${writer}: ${count} records missing from number ${firstSeq} on, since ${formatTime(from)} (${printable(reason)})\n`,
    ),
    ...damage.map(
      ({ segment, offset, end, afterSeq }) =>
        `${writer}: segment ${segment}, bytes ${offset} to ${end}, cannot be read${afterSeq === undefined ? "" : `; record ${afterSeq} is the last before`}\n`,
    ),
  ];
}
