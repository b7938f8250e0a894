import { cp, mkdtempDisposable, open, readFile, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { SegmentLog } from "../../src/base/segment-log.ts";
import {
  parseSlice,
  readSegment,
  type SegmentRef,
  type SegmentSlice,
} from "../../src/base/segment-reader.ts";
import { forEachTwo, report, rounds, spread, startRandom, within } from "../support/fault-scale.ts";
import { makeBody, readContent } from "../support/segment-folder.ts";

const RECORDS = 200;

async function makeLog(records = RECORDS, bodyBytes = 120) {
  const folder = await mkdtempDisposable(path.join(tmpdir(), "turnspan-flips-"));
  const log = path.join(folder.path, "writer");
  const writer = await SegmentLog.open({ folder: log });
  for (let n = 0; n < records; n += 1) void writer.append(makeBody(n, bodyBytes));
  await writer.close();
  const file = path.join(log, "00000001.log");
  return { folder, log, file, bytes: await readFile(file) };
}

const parse = (bytes: Buffer): SegmentSlice =>
  parseSlice(bytes, { ref: { number: 1, file: "" }, base: 0, atEnd: true });

test(
  "every flipped bit is found, with the record before it and its place, and costs one record",
  within({ minutes: 10 }),
  async () => {
    const { folder, bytes } = await makeLog();
    await using _ = folder;
    const whole = parse(bytes);
    const flips = 10_000;
    const random = startRandom(42);
    let found = 0;
    let stillThere = Number.POSITIVE_INFINITY;
    for (let flip = 0; flip < flips; flip += 1) {
      const at = Math.floor(random() * bytes.length);
      const mask = 1 << Math.floor(random() * 8);
      bytes[at] = (bytes[at] ?? 0) ^ mask;
      const { damage, entries, tornBytes } = parse(bytes);
      const [place] = damage;
      if (place !== undefined && place.offset <= at && at < place.end && tornBytes === 0)
        found += 1;
      stillThere = Math.min(stillThere, entries.length);
      const last = whole.entries
        .filter(({ end, entry }) => end <= at && entry.kind === "record")
        .at(-1);
      expect(place?.afterSeq).toBe(last?.entry.kind === "record" ? last.entry.seq : undefined);
      bytes[at] ^= mask;
    }
    report("bit flips", { flips, found, lostEach: whole.entries.length - stillThere });
    expect(found).toBe(flips);
    expect(stillThere).toBe(whole.entries.length - 1);
  },
);

test(
  "a bit that is flipped where a reader's slices meet costs one record too",
  within({ minutes: 10 }),
  async () => {
    const { folder, file, bytes } = await makeLog(1000, 400);
    await using _ = folder;
    const ref = { number: 1, file };
    const slices = await readSlices(ref);
    const whole = slices.flatMap(({ entries }) => entries).length;
    // Around the beginning of each slice but the first and the empty last.
    const borders = slices.slice(0, -2).map(({ end }) => end);
    expect(borders.length).toBeGreaterThan(1);
    await using handle = await open(file, "r+");
    const around = spread(2000, rounds(500, 200)).map((step) => step - 1000);
    let found = 0;
    for (const at of borders.flatMap((border) => around.map((step) => border + step))) {
      const byte = bytes[at] ?? 0;
      await handle.write(Buffer.from([byte ^ (1 << (at % 8))]), 0, 1, at);
      const read = await readSlices(ref);
      await handle.write(Buffer.from([byte]), 0, 1, at);
      const damage = read.flatMap((slice) => slice.damage);
      const isThere = damage.some(({ offset, end }) => offset <= at && at < end);
      const left = read.flatMap(({ entries }) => entries).length;
      if (isThere && damage.length === 1 && left === whole - 1) found += 1;
    }
    const flips = borders.length * around.length;
    report("bit flips where slices meet", { flips, found });
    expect(found).toBe(flips);
  },
);

async function readSlices(ref: SegmentRef): Promise<SegmentSlice[]> {
  const slices: SegmentSlice[] = [];
  for await (const slice of readSegment(ref)) slices.push(slice);
  return slices;
}

test(
  "JSON lines without a check miss what was changed: the control",
  within({ minutes: 10 }),
  async () => {
    const { folder, bytes } = await makeLog();
    await using _ = folder;
    const random = startRandom(42);
    const flips = 1000;
    let found = 0;
    for (let flip = 0; flip < flips; flip += 1) {
      const at = Math.floor(random() * bytes.length);
      const mask = 1 << Math.floor(random() * 8);
      bytes[at] = (bytes[at] ?? 0) ^ mask;
      if (!isJsonLines(bytes)) found += 1;
      bytes[at] ^= mask;
    }
    report("bit flips in JSON lines", { flips, found });
    expect(found).toBeLessThan(flips);
  },
);

/** What a reader of plain JSON lines can tell: whether each line is JSON. */
function isJsonLines(bytes: Buffer): boolean {
  try {
    for (const line of bytes.toString().split("\n")) if (line !== "") JSON.parse(line.slice(18));
    return true;
  } catch {
    return false;
  }
}

test(
  "a log cut at any of its last bytes opens with all whole records, and takes more",
  within({ minutes: 10 }),
  async () => {
    const { folder, log, file, bytes } = await makeLog();
    await using _ = folder;
    const whole = parse(bytes);
    const cuts = spread(4096, rounds(4096, 256)).map((back) => bytes.length - back);
    let slowestMs = 0;
    await forEachTwo(cuts, async (cut) => {
      const copy = `${log}-${cut}`;
      await cp(log, copy, { recursive: true });
      await truncate(path.join(copy, path.basename(file)), cut);
      const kept = whole.entries.filter(({ end, entry }) => end <= cut && entry.kind === "record");
      const began = performance.now();
      await using again = await SegmentLog.open({ folder: copy });
      slowestMs = Math.max(slowestMs, performance.now() - began);
      expect(await again.append('{"n":-1}')).toEqual({ seq: kept.length, stored: true });
      const content = await readContent(copy);
      expect(content.seqs()).toEqual(Array.from({ length: kept.length + 1 }, (_, n) => n));
      expect([content.damage.length, content.tornBytes]).toEqual([0, 0]);
    });
    report("cut ends", { cuts: cuts.length, slowestOpeningMs: slowestMs.toFixed(1) });
  },
);
