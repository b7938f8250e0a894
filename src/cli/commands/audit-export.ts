import { open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { readTrail, type TrailFilter, type TrailRecord } from "../../audit/read-trail.ts";
import type { CodedError } from "../../base/errors.ts";
import { OWNER_ONLY_FILE } from "../../base/files.ts";
import { parseOptions, wrongUse } from "../command.ts";
import type { CliContext } from "../context.ts";
import { writeTo } from "../output.ts";
import { startProgress } from "../progress.ts";
import { auditOptionsHelp, findAuditFolder } from "./audit-folder.ts";
import { trailFormats } from "./audit-format.ts";

const usage = `Usage: turnspan audit export [--format FORMAT] [FILTERS] [--output FILE]

Writes the audit trail of all processes, in order of time, for an auditor, a spreadsheet or another store.
What is missing stands in its place, as a record of the event turnspan.audit.gap.

  --format FORMAT   csv, jsonl (a record a line; the default), or otlp (OTLP JSON, a request a line)
  --output FILE     write to a file that only you may read (default: standard output)
  --since TIME      such as 2026-11-01 (UTC) or 2026-11-01T09:30:00+01:00
  --until TIME      not included
  --session S       only those of a session, by its key or its id
  --agent ID        only those of an agent
  --event NAME      only those of an event, such as session.end; repeatable
${auditOptionsHelp}  -h, --help        print this

Exit code: 0 done, 1 some of it cannot be read (standard error says what).
`;

const options = {
  folder: { type: "string" },
  format: { type: "string", default: "jsonl" },
  output: { type: "string" },
  since: { type: "string" },
  until: { type: "string" },
  session: { type: "string" },
  agent: { type: "string" },
  event: { type: "string", multiple: true },
} as const;

const CHUNK = 512;

/** `turnspan audit export`: the trail in another form. */
export async function exportTrail(args: readonly string[], cli: CliContext): Promise<number> {
  const { values } = parseOptions("audit export", args, options, usage);
  const { format, since, until, session, agent, event: events, output } = values;
  if (!isFormat(format)) throw wrong(`--format ${format} is not known: csv, jsonl or otlp`);
  const filter: TrailFilter = {
    since: readTime("--since", since),
    until: readTime("--until", until),
    ...{ session, agent, events },
  };
  const folder = await findAuditFolder(values.folder, cli);
  await using target = await openTarget(output, cli);
  const { head, format: toText } = trailFormats[format]();
  await target.write(head);
  const damaged = await copyTrail(folder, filter, cli, (records) => target.write(toText(records)));
  await target.finish();
  return damaged === 0 ? 0 : 1;
}

/** Returns how many stretches could not be read. */
async function copyTrail(
  folder: string,
  filter: TrailFilter,
  cli: CliContext,
  write: (records: readonly TrailRecord[]) => Promise<void>,
): Promise<number> {
  let damaged = 0;
  let chunk: TrailRecord[] = [];
  const progress = startProgress(cli, "records");
  const trail = readTrail(folder, {
    filter,
    onRecords: progress.count,
    onDamage: (writer, { segment, offset, end }) => {
      damaged += 1;
      const place = `${writer}: segment ${segment}, bytes ${offset} to ${end}`;
      cli.stderr.write(`turnspan: ${place}, cannot be read\n`);
    },
  });
  for await (const record of trail) {
    cli.signal.throwIfAborted();
    if (chunk.push(record) < CHUNK) continue;
    await write(chunk);
    chunk = [];
  }
  await write(chunk);
  progress.end();
  return damaged;
}

const wrong = (problem: string): CodedError => wrongUse("audit export", problem);

const isFormat = (name: string): name is keyof typeof trailFormats =>
  Object.hasOwn(trailFormats, name);

function readTime(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time)) {
    throw wrong(`${option} ${JSON.stringify(text)} is no time such as 2026-11-01T09:30:00Z`);
  }
  return time;
}

interface Target extends AsyncDisposable {
  write(text: string): Promise<void>;
  /** All is written: it gets its name. Without it nothing is left behind. */
  finish(): Promise<void>;
}

async function openTarget(output: string | undefined, cli: CliContext): Promise<Target> {
  if (output === undefined) {
    const write = (text: string): Promise<void> => writeTo(cli.stdout, text);
    return { write, finish: async () => {}, [Symbol.asyncDispose]: async () => {} };
  }
  const file = path.resolve(cli.cwd, output);
  const draft = `${file}.part`;
  const handle = await openDraft(draft, output);
  return {
    write: (text) => handle.appendFile(text),
    finish: async () => {
      await handle.sync();
      await rename(draft, file);
    },
    [Symbol.asyncDispose]: async () => {
      await handle.close();
      await rm(draft, { force: true });
    },
  };
}

async function openDraft(draft: string, output: string) {
  try {
    return await open(draft, "w", OWNER_ONLY_FILE);
  } catch (cause) {
    throw wrong(`--output ${output} cannot be written: ${(cause as Error).message}`);
  }
}
