import {
  type Damage,
  type LocatedEntry,
  listSegments,
  readSlice,
  segmentRef,
} from "./segment-reader.ts";
import { findFirstSeq, isSuperseded } from "./segment-replay.ts";
import type { DurableEnd } from "./segment-series.ts";

/** How far somebody has read a log: the offset of the next frame in a segment. */
export interface LogCursor {
  readonly segment: number;
  readonly offset: number;
}

/** What was read, and from where to go on. */
export interface OnwardSlice {
  readonly entries: readonly LocatedEntry[];
  readonly damage: readonly Damage[];
  readonly cursor: LogCursor;
}

/**
 * Reads the next 128 KiB or so of a log from a cursor on, and not past `until`, which its writer knows to be
 * safe. Nothing more is there where the cursor that comes back is the one that was given.
 */
export async function readOnward(
  folder: string,
  cursor: LogCursor,
  until: DurableEnd,
): Promise<OnwardSlice> {
  if (cursor.segment > until.segment) return { entries: [], damage: [], cursor };
  const isLast = cursor.segment === until.segment;
  const end = isLast ? until.offset : Number.POSITIVE_INFINITY;
  const slice = await readSlice(segmentRef(folder, cursor.segment), cursor.offset, end);
  if (slice.end > cursor.offset) {
    const limit = isLast ? Number.POSITIVE_INFINITY : await firstSeqAfter(folder, cursor.segment);
    return {
      entries: slice.entries.filter(({ entry }) => !isSuperseded(entry, limit)),
      damage: slice.damage,
      cursor: { segment: cursor.segment, offset: slice.end },
    };
  }
  if (isLast) return { entries: [], damage: [], cursor };
  const next = (await listSegments(folder)).find(({ number }) => number > cursor.segment);
  const segment = Math.min(next?.number ?? until.segment, until.segment);
  return readOnward(folder, { segment, offset: 0 }, until);
}

async function firstSeqAfter(folder: string, segment: number): Promise<number> {
  const later = (await listSegments(folder)).filter(({ number }) => number > segment);
  return findFirstSeq(later);
}
