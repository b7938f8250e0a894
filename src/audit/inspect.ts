import { readdir } from "node:fs/promises";
import path from "node:path";
import { readOnward } from "../base/segment-cursor.ts";
import type { Gap } from "../base/segment-entry.ts";
import { type Damage, listSegments, readHeader } from "../base/segment-reader.ts";
import { findStart, sizeOf, tellSegments } from "../base/segment-replay.ts";
import { isWriterAlive, listWriters } from "../base/writer-lock.ts";
import type { WireRecord } from "../lifecycle/record-log.ts";
import { readDeadLetters } from "./dead-letters.ts";
import { type DeliveryCursor, destinationOf, readCursor } from "./delivery-cursor.ts";
import { OpenSet } from "./open-set.ts";
import { type ProcessStatus, readProcessStatus } from "./process-status.ts";

/** How one writer's log looks from outside. Nothing in it is changed, and its writer may be at work. */
export interface WriterReport {
  readonly writer: string;
  readonly folder: string;
  readonly isAlive: boolean;
  readonly segments: number;
  readonly bytes: number;
  /** When the oldest segment was begun, epoch milliseconds. */
  readonly since: number | undefined;
  /** The latest time that any record read here names, epoch milliseconds. */
  readonly lastAt: number | undefined;
  readonly nextSeq: number;
  /** Sessions and turns open as of the last record. */
  readonly open: number;
  /** Gaps and damage of what was read: the whole log, or its last segments. */
  readonly gaps: readonly Gap[];
  readonly damage: readonly Damage[];
  /** Bytes of a half-written record at the end; a writer at work may have one for a moment. */
  readonly tornBytes: number;
  readonly deliveries: readonly DeliveryReport[];
  /** What the last process here said of itself. */
  readonly process: ProcessStatus | undefined;
}

/** How far a destination has got in one log. */
export interface DeliveryReport extends Omit<DeliveryCursor, "version" | "owner" | "deadLetters"> {
  readonly destination: string;
  /** Those that are there now; `turnspan audit resend` sends them again. */
  readonly deadLetters: number;
  /** Records, gaps included, that it has not got. */
  readonly waiting: number;
  /** Time of the first of them, epoch milliseconds. */
  readonly oldestWaitingAt: number | undefined;
}

export interface InspectOptions {
  /** Reads and checks every record; else only the last segments, which tell how the log stands now. */
  readonly whole: boolean;
  /** Called with the number of records read so far, of all writers. */
  readonly onRecords?: ((count: number) => void) | undefined;
}

/** Reads the logs of all writers of an audit folder. A folder that does not exist has none. */
export async function inspectAudit(
  root: string,
  options: InspectOptions,
): Promise<readonly WriterReport[]> {
  const reports: WriterReport[] = [];
  let records = 0;
  const onRecord = (): void => options.onRecords?.(++records);
  for (const writer of await listWriters(root)) {
    reports.push(await inspectWriter(root, writer, options.whole, onRecord));
  }
  return reports;
}

async function inspectWriter(
  root: string,
  writer: string,
  whole: boolean,
  onRecord: () => void,
): Promise<WriterReport> {
  const folder = path.join(root, writer);
  const segments = await listSegments(folder);
  const open = new OpenSet();
  const gaps: Gap[] = [];
  const read = whole ? segments : segments.slice(await findStart(segments));
  const told = await tellSegments(read, (located) => {
    open.replay(located);
    if (located.entry.kind === "gap") gaps.push(located.entry.gap);
    if (located.entry.kind === "record") onRecord();
  });
  const [oldest] = segments;
  return {
    ...{ writer, folder, gaps, ...told },
    isAlive: isWriterAlive(root, writer),
    segments: segments.length,
    bytes: await sizeOf(segments),
    since: oldest && (await readHeader(oldest))?.openedAt,
    lastAt: Number.isFinite(open.lastSign) ? open.lastSign : undefined,
    open: open.size,
    deliveries: await inspectDeliveries(folder, told.nextSeq),
    process: await readProcessStatus(folder),
  };
}

async function inspectDeliveries(folder: string, nextSeq: number): Promise<DeliveryReport[]> {
  const names = (await readdir(folder)).flatMap((name) => destinationOf(name) ?? []).sort();
  const letters = await countDeadLetters(folder);
  return Promise.all(
    names.map(async (destination) => {
      const { version: _, owner: __, ...cursor } = await readCursor(folder, destination);
      const waiting = Math.max(0, nextSeq - cursor.seq);
      const oldestWaitingAt = waiting > 0 ? await findTime(folder, cursor) : undefined;
      const deadLetters = letters.get(destination) ?? 0;
      return { destination, ...cursor, deadLetters, waiting, oldestWaitingAt };
    }),
  );
}

async function countDeadLetters(folder: string): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for await (const { destination } of readDeadLetters(folder)) {
    counts.set(destination, (counts.get(destination) ?? 0) + 1);
  }
  return counts;
}

/** Time of the first record that a cursor has not passed. */
async function findTime(
  folder: string,
  { segment, offset, seq }: Pick<DeliveryCursor, "segment" | "offset" | "seq">,
): Promise<number | undefined> {
  const last = (await listSegments(folder)).at(-1);
  if (last === undefined) return undefined;
  const until = { segment: last.number, offset: Number.POSITIVE_INFINITY };
  let cursor = { segment, offset };
  for (;;) {
    const slice = await readOnward(folder, cursor, until);
    for (const { entry } of slice.entries) {
      if (entry.kind === "record" && entry.seq >= seq) return (entry.body as WireRecord).timestamp;
      if (entry.kind === "gap" && entry.gap.firstSeq >= seq) return entry.gap.from;
    }
    if (slice.cursor.segment === cursor.segment && slice.cursor.offset === cursor.offset) return;
    cursor = slice.cursor;
  }
}
