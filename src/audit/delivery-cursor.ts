import path from "node:path";
import { z } from "zod";
import { readIfThere, replaceFile } from "../base/files.ts";

const count = z.int().nonnegative();

/** How far a destination has got in one log, and what became of the records so far. */
const DeliveryCursor = z.object({
  version: z.literal(1),
  segment: count,
  offset: count,
  /** Sequence of the next record. */
  seq: count,
  /** Who wrote the records that follow. */
  owner: z.unknown().optional(),
  /** Records that were taken, that were not, and those that a receiver took only a part of. */
  delivered: count,
  deadLetters: count,
  rejected: count,
  /** Time of the last success, epoch milliseconds; 0: none yet. */
  deliveredAt: z.number(),
});
export type DeliveryCursor = z.output<typeof DeliveryCursor>;

const START: DeliveryCursor = {
  version: 1,
  segment: 0,
  offset: 0,
  seq: 0,
  owner: undefined,
  delivered: 0,
  deadLetters: 0,
  rejected: 0,
  deliveredAt: 0,
};

const PREFIX = "cursor-";
const SUFFIX = ".json";

const cursorFile = (folder: string, destination: string): string =>
  path.join(folder, `${PREFIX}${destination}${SUFFIX}`);

/** The name of the destination that a file is the cursor of; undefined for every other file. */
export const destinationOf = (fileName: string): string | undefined =>
  fileName.startsWith(PREFIX) && fileName.endsWith(SUFFIX)
    ? fileName.slice(PREFIX.length, -SUFFIX.length)
    : undefined;

/** A destination that has no cursor, or one that cannot be read, begins at the beginning: twice is better than never. */
export async function readCursor(folder: string, destination: string): Promise<DeliveryCursor> {
  const text = await readIfThere(cursorFile(folder, destination));
  if (text === undefined) return START;
  try {
    return DeliveryCursor.parse(JSON.parse(text));
  } catch {
    return START;
  }
}

export function writeCursor(
  folder: string,
  destination: string,
  cursor: DeliveryCursor,
): Promise<void> {
  return replaceFile(cursorFile(folder, destination), `${JSON.stringify(cursor)}\n`);
}
