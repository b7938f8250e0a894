import { randomBytes, randomUUID } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { makeOwnFolder, readIfThere, replaceFile } from "../../base/files.ts";
import type { Metadata, TraceIds } from "../../lifecycle/events.ts";
import { captureFolder } from "./capture-script.ts";
import { type Fields, record, text } from "./fields.ts";
import type { HookMoment } from "./hook-moment.ts";

/** By this variable the hooks of a program know which run of `turnspan run` they are of. */
export const RUN_VARIABLE = "TURNSPAN_RUN";

/** What is known of a run before its program is started. */
export interface RunNote {
  readonly id: string;
  /** Names the span of the run's session, for whoever hangs spans below it. */
  readonly traceparent: string;
}

/** What the session that a moment opens is given by its run. */
export interface RunShare {
  readonly metadata: Metadata | undefined;
  /** Ids of the session's span; undefined where another session of the run has them. */
  readonly trace: TraceIds | undefined;
}

/** Nobody waits that long for a server to take what a run told. */
const KEPT_MS = 90 * 86_400_000;

const folderOf = (dataFolder: string): string => path.join(captureFolder(dataFolder), "runs");

const fileOf = (dataFolder: string, id: string): string =>
  path.join(folderOf(dataFolder), `${id}.json`);

/** Notes what is to be known of the sessions of a program that is about to be started. */
export async function writeRunNote(
  dataFolder: string,
  metadata: Metadata,
  nowMs: number,
): Promise<RunNote> {
  const id = randomUUID();
  const trace = { traceId: randomId(16), spanId: randomId(8) };
  await makeOwnFolder(folderOf(dataFolder));
  await forgetOld(folderOf(dataFolder), nowMs - KEPT_MS);
  await replaceFile(fileOf(dataFolder, id), `${JSON.stringify({ metadata, trace })}\n`);
  return { id, traceparent: `00-${trace.traceId}-${trace.spanId}-01` };
}

/** An id of zeros is none. */
function randomId(bytes: number): string {
  const id = randomBytes(bytes).toString("hex");
  return /^0+$/.test(id) ? randomId(bytes) : id;
}

async function forgetOld(folder: string, oldestMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    const known = await stat(file).catch(() => undefined);
    if (known !== undefined && known.mtimeMs < oldestMs) await rm(file, { force: true });
  }
}

/**
 * What the session that a moment opens is given by its run. The first session of a run takes the ids of its
 * span, and which one that is is noted: told again, it gets them again, and no other one does.
 */
export async function takeRunShare(
  dataFolder: string,
  moment: HookMoment,
): Promise<RunShare | undefined> {
  const note = moment.run === undefined ? undefined : await readNote(dataFolder, moment.run);
  if (moment.run === undefined || note === undefined) return undefined;
  const { agent, sessionId, timeMs } = moment;
  const own: Fields = { agent, sessionId, timeMs };
  const opened = note["opened"] ?? own;
  if (note["opened"] === undefined) {
    const content = JSON.stringify({ ...note, opened });
    await replaceFile(fileOf(dataFolder, moment.run), `${content}\n`);
  }
  const isFirst = Object.entries(own).every(([name, value]) => record(opened)[name] === value);
  return { metadata: metadataOf(note), trace: isFirst ? traceOf(note) : undefined };
}

async function readNote(dataFolder: string, id: string): Promise<Fields | undefined> {
  const note = await readIfThere(fileOf(dataFolder, id)).catch(() => undefined);
  try {
    return note === undefined ? undefined : record(JSON.parse(note));
  } catch {
    return undefined;
  }
}

function metadataOf(note: Fields): Metadata | undefined {
  const metadata = record(note["metadata"]);
  return Object.keys(metadata).length > 0 ? metadata : undefined;
}

function traceOf(note: Fields): TraceIds | undefined {
  const { traceId, spanId } = record(note["trace"]);
  const ids = { traceId: text(traceId), spanId: text(spanId) };
  return ids.traceId === undefined ? undefined : { ...ids, traceId: ids.traceId };
}
