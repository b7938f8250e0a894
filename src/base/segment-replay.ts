import { open, rm } from "node:fs/promises";
import { isErrno, syncFolder } from "./files.ts";
import type { SegmentHeader } from "./segment-entry.ts";
import {
  type Damage,
  type LocatedEntry,
  listSegments,
  readHeader,
  readSegment,
  readSlice,
  type SegmentRef,
} from "./segment-reader.ts";

/** How a log stands when its next writer opens it. */
export interface LogEnd {
  readonly nextSeq: number;
  /** Number of the newest segment; 0 where there is none. */
  readonly lastNumber: number;
  /** Bytes of all segments. */
  readonly bytes: number;
  /** Size of the newest segment. */
  readonly lastBytes: number;
  /** Its writer closed it in order: all of it is known to be safe. */
  readonly isClosed: boolean;
  /** Cut off from the newest segment: the half-written frames that a crash left. */
  readonly repaired?: SegmentHeader["repaired"];
  readonly damage: readonly Damage[];
}

/** Reads more than any closing frame has, and little of anything else. */
const TAIL_BYTES = 4096;
const LINE_FEED = 0x0a;

/**
 * Finds where a log ends and cuts off what a crash left half-written there. `take` is told what is open
 * and everything since, from the newest segment on that has the whole open set; a log that was closed in
 * order with nothing open tells nothing, and is read at its very end only.
 *
 * The caller must be the log's only writer.
 */
export async function replayLog(
  folder: string,
  take: (entry: LocatedEntry) => void,
): Promise<LogEnd> {
  const segments = await listSegments(folder);
  const bytes = await sizeOf(segments);
  const last = segments.at(-1);
  if (last === undefined) return EMPTY_END;
  const closed = await readClosing(last);
  const end = { lastNumber: last.number, bytes, isClosed: closed !== undefined };
  if (closed !== undefined && closed.open === 0) {
    return { ...end, nextSeq: closed.nextSeq, lastBytes: closed.size, damage: [] };
  }
  const { nextSeq, damage, tornBytes } = await tellSegments(
    segments.slice(await findStart(segments)),
    take,
  );
  const lastBytes = closed?.size ?? (await settleEnd(folder, last, tornBytes));
  const repaired = tornBytes > 0 ? { segment: last.number, bytes: tornBytes } : undefined;
  return { ...end, nextSeq, damage, lastBytes, repaired };
}

const EMPTY_END: LogEnd = {
  nextSeq: 0,
  lastNumber: 0,
  bytes: 0,
  lastBytes: 0,
  isClosed: false,
  damage: [],
};

/** Bytes of segments; one that retention has let go since they were listed has none. */
export async function sizeOf(segments: readonly SegmentRef[]): Promise<number> {
  const sizes = await Promise.all(segments.map(sizeOrNothing));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function sizeOrNothing(ref: SegmentRef): Promise<number> {
  try {
    return await sizeOfFile(ref);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return 0;
    throw error;
  }
}

async function sizeOfFile({ file }: SegmentRef): Promise<number> {
  await using handle = await open(file, "r");
  return (await handle.stat()).size;
}

/** The closing frame at a segment's very end. */
async function readClosing(
  ref: SegmentRef,
): Promise<{ readonly nextSeq: number; readonly open: number; readonly size: number } | undefined> {
  const size = await sizeOfFile(ref);
  const from = Math.max(0, size - TAIL_BYTES);
  await using handle = await open(ref.file, "r");
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
  const previous = buffer.subarray(0, bytesRead).lastIndexOf(LINE_FEED, bytesRead - 2);
  if (previous === -1) return undefined;
  const { entries } = await readSlice(ref, from + previous + 1);
  const entry = entries[0]?.entry;
  return entry?.kind === "close" ? { ...entry, size } : undefined;
}

/** Index of the newest segment whose open set is whole: a crash may have cut the newest's. Else the oldest. */
export async function findStart(segments: readonly SegmentRef[]): Promise<number> {
  for (let index = segments.length - 1; index > 0; index -= 1) {
    const ref = segments[index];
    if (ref !== undefined && (await holdsOpenSet(ref))) return index;
  }
  return 0;
}

/** Whether a segment begins with an open set, all of it. */
async function holdsOpenSet(ref: SegmentRef): Promise<boolean> {
  const header = await readHeader(ref);
  if (header?.carried === undefined) return false;
  let missing = header.carried;
  if (missing === 0) return true;
  for await (const { entries } of readSegment(ref)) {
    missing -= entries.filter(({ entry }) => entry.kind === "carried").length;
    if (missing <= 0) return true;
  }
  return false;
}

/** What segments say of themselves. */
export interface ToldSegments {
  /** Sequence that the next record would get. */
  readonly nextSeq: number;
  /** Bytes of a half-written frame at the very end: its writer died, or is about to write the rest. */
  readonly tornBytes: number;
  readonly damage: readonly Damage[];
}

/** Reads segments in order, and changes nothing. */
export async function tellSegments(
  segments: readonly SegmentRef[],
  take: (entry: LocatedEntry) => void,
): Promise<ToldSegments> {
  const damage: Damage[] = [];
  let nextSeq = 0;
  let tornBytes = 0;
  for await (const slice of readLog(segments)) {
    damage.push(...slice.damage);
    tornBytes = slice.tornBytes;
    for (const located of slice.entries) {
      nextSeq = Math.max(nextSeq, seqAfter(located));
      take(located);
    }
  }
  return { nextSeq, tornBytes, damage };
}

function seqAfter({ entry }: LocatedEntry): number {
  if (entry.kind === "record") return entry.seq + 1;
  if (entry.kind === "gap") return entry.gap.firstSeq + entry.gap.count;
  if (entry.kind === "close") return entry.nextSeq;
  return entry.kind === "segment" ? entry.header.firstSeq : 0;
}

/** Part of a log, in order, without what was never acknowledged. */
export interface LogSlice {
  readonly segment: number;
  readonly entries: readonly LocatedEntry[];
  readonly damage: readonly Damage[];
  readonly tornBytes: number;
}

/**
 * Reads segments in order. What a segment holds beyond its successor's first sequence was written in
 * trouble, never acknowledged, and stands in the successor again: it is left out.
 */
export async function* readLog(segments: readonly SegmentRef[]): AsyncGenerator<LogSlice> {
  for (const [index, ref] of segments.entries()) {
    const limit = await findFirstSeq(segments.slice(index + 1));
    for await (const { entries, damage, tornBytes } of readSegment(ref)) {
      yield {
        segment: ref.number,
        entries: entries.filter(({ entry }) => !isSuperseded(entry, limit)),
        damage,
        tornBytes,
      };
    }
  }
}

/** The first sequence that later segments hold. */
export async function findFirstSeq(later: readonly SegmentRef[]): Promise<number> {
  for (const ref of later) {
    const header = await readHeader(ref);
    if (header !== undefined) return header.firstSeq;
  }
  return Number.POSITIVE_INFINITY;
}

/** Whether an entry stands again in a later segment that begins with sequence `limit`. */
export function isSuperseded(entry: LocatedEntry["entry"], limit: number): boolean {
  if (entry.kind === "record") return entry.seq >= limit;
  return entry.kind === "gap" && entry.gap.firstSeq >= limit;
}

/**
 * Cuts off a torn end and makes the rest safe: its writer may have died between writing and syncing.
 * Returns what is left, in bytes.
 */
async function settleEnd(folder: string, ref: SegmentRef, tornBytes: number): Promise<number> {
  const left = (await sizeOfFile(ref)) - tornBytes;
  if (left === 0) {
    await rm(ref.file);
    await syncFolder(folder);
    return left;
  }
  await using handle = await open(ref.file, "r+");
  if (tornBytes > 0) await handle.truncate(left);
  await handle.sync();
  return left;
}
