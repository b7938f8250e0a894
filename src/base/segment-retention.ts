import { rm } from "node:fs/promises";
import { syncFolder } from "./files.ts";
import { listSegments, readHeader, type SegmentRef } from "./segment-reader.ts";
import { findStart, sizeOf } from "./segment-replay.ts";

export interface RetentionRule {
  /** Records older than this may go, epoch milliseconds. */
  readonly before: number;
  /** Records from this sequence on are still needed, however old. */
  readonly keepFromSeq: number;
}

/**
 * Deletes whole segments that are old and no longer needed, oldest first; returns the bytes that this
 * freed. What is open is never lost, since a later segment begins with it.
 */
export async function pruneSegments(folder: string, rule: RetentionRule): Promise<number> {
  const segments = await listSegments(folder);
  // The newest segment that a replay can begin with must stay, and all after it.
  const candidates = segments.slice(0, await findStart(segments));
  let freed = 0;
  for (const [index, ref] of candidates.entries()) {
    if (!(await mayGo(segments[index + 1], rule))) break;
    freed += await sizeOf([ref]);
    await rm(ref.file, { force: true });
  }
  if (freed > 0) await syncFolder(folder);
  return freed;
}

/** A segment's records are as old as its successor's beginning, or older. */
async function mayGo(next: SegmentRef | undefined, rule: RetentionRule): Promise<boolean> {
  const header = next && (await readHeader(next));
  if (header === undefined) return false;
  return header.openedAt <= rule.before && header.firstSeq <= rule.keepFromSeq;
}
