import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { SegmentEntry } from "../../src/base/segment-entry.ts";
import { SegmentLog } from "../../src/base/segment-log.ts";
import type { SegmentLogOptions } from "../../src/base/segment-log-options.ts";
import { type Damage, listSegments } from "../../src/base/segment-reader.ts";
import { readLog } from "../../src/base/segment-replay.ts";

export type EntryOf<K extends SegmentEntry["kind"]> = Extract<SegmentEntry, { readonly kind: K }>;

/** What a log holds, as anybody reads it. */
export interface LogContent {
  readonly entries: readonly SegmentEntry[];
  readonly damage: readonly Damage[];
  readonly tornBytes: number;
  of<K extends SegmentEntry["kind"]>(kind: K): EntryOf<K>[];
  /** Sequences of the records. */
  seqs(): number[];
}

export async function readContent(folder: string): Promise<LogContent> {
  const entries: SegmentEntry[] = [];
  const damage: Damage[] = [];
  let tornBytes = 0;
  for await (const slice of readLog(await listSegments(folder))) {
    entries.push(...slice.entries.map(({ entry }) => entry));
    damage.push(...slice.damage);
    tornBytes = slice.tornBytes;
  }
  const of = <K extends SegmentEntry["kind"]>(kind: K): EntryOf<K>[] =>
    entries.filter((entry): entry is EntryOf<K> => entry.kind === kind);
  return { entries, damage, tornBytes, of, seqs: () => of("record").map(({ seq }) => seq) };
}

/** A folder for one log, and what is done with it. */
export async function makeSegmentFolder() {
  const parent = await mkdtempDisposable(path.join(tmpdir(), "turnspan-segments-"));
  const folder = path.join(parent.path, "writer");
  return {
    path: folder,
    open: (options: Omit<SegmentLogOptions, "folder"> = {}) =>
      SegmentLog.open({ folder, ...options }),
    content: () => readContent(folder),
    [Symbol.asyncDispose]: () => parent[Symbol.asyncDispose](),
  };
}

/** A record's body of about `bytes` bytes. */
export const makeBody = (n: number, bytes = 40): string =>
  `{"n":${n},"pad":"${"x".repeat(Math.max(0, bytes - 20))}"}`;
