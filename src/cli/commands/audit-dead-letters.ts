import path from "node:path";
import { type DeadLetter, readDeadLetters } from "../../audit/dead-letters.ts";
import { listWriters } from "../../base/writer-lock.ts";
import { ATTR_RECORD_ID } from "../../semconv/turnspan.ts";
import { formatTime } from "../amounts.ts";
import { parseOptions } from "../command.ts";
import type { CliContext } from "../context.ts";
import { printable, writeTo } from "../output.ts";
import { formatTable, type TableColumn } from "../table.ts";
import { auditOptions, auditOptionsHelp, findAuditFolder } from "./audit-folder.ts";

const usage = `Usage: turnspan audit dead-letters [--destination NAME] [--folder DIR] [--json]

Lists the records that a destination did not take, and why: refused for good (it answered so), one of a
batch of which it took only a part, or damaged on disk. The records themselves are still in the log, and
turnspan audit resend sends them again.

  --destination N   only those of one destination
${auditOptionsHelp}  --json            a line of JSON each, with the whole record
  -h, --help        print this

Exit code: 0 none are there, 1 some are.
`;

const MAX_ROWS = 1000;

interface LetterRow {
  readonly log: string;
  readonly destination: string;
  readonly letter: DeadLetter;
}

const columns: readonly TableColumn<LetterRow>[] = [
  { head: "WHEN", read: ({ letter }) => formatTime(letter.at) },
  { head: "DESTINATION", read: ({ destination }) => destination },
  { head: "KIND", read: ({ letter }) => letter.kind },
  { head: "LOG", read: ({ log }) => log },
  { head: "NUMBER", read: ({ letter }) => String(letter.seq ?? ""), align: "right" },
  { head: "RECORD", read: ({ letter }) => letter.record?.eventName ?? "" },
  { head: "REASON", read: ({ letter }) => printable(letter.reason), width: "rest" },
];

/** `turnspan audit dead-letters`: what was not taken, and why. */
export async function listDeadLetters(args: readonly string[], cli: CliContext): Promise<number> {
  const { values } = parseOptions(
    "audit dead-letters",
    args,
    {
      ...auditOptions,
      destination: { type: "string" },
    },
    usage,
  );
  const folder = await findAuditFolder(values.folder, cli);
  const letters = readRows(folder, values.destination);
  const count = values.json ? await writeLines(letters, cli) : await writeTable(letters, cli);
  return count === 0 ? 0 : 1;
}

async function* readRows(folder: string, wanted?: string): AsyncGenerator<LetterRow> {
  for (const log of await listWriters(folder)) {
    for await (const { destination, letter } of readDeadLetters(path.join(folder, log))) {
      if (wanted === undefined || destination === wanted) yield { log, destination, letter };
    }
  }
}

async function writeLines(rows: AsyncIterable<LetterRow>, { stdout }: CliContext): Promise<number> {
  let count = 0;
  for await (const row of rows) {
    await writeTo(stdout, `${JSON.stringify(toJson(row))}\n`);
    count += 1;
  }
  return count;
}

/** A table that nobody can read to its end is cut; there may be more letters than fit in memory. */
async function writeTable(rows: AsyncIterable<LetterRow>, { stdout }: CliContext): Promise<number> {
  const shown: LetterRow[] = [];
  let count = 0;
  for await (const row of rows) if (++count <= MAX_ROWS) shown.push(row);
  shown.sort((one, other) => one.letter.at - other.letter.at);
  if (count === 0) stdout.write("no dead letters\n");
  else stdout.write(formatTable(shown, columns, stdout.columns));
  if (count > MAX_ROWS) stdout.write(`… and ${count - MAX_ROWS} more; --json lists all\n`);
  return count;
}

const toJson = ({ log, destination, letter }: LetterRow) => ({
  log,
  destination,
  ...letter,
  recordId: letter.record?.attributes[ATTR_RECORD_ID],
});
