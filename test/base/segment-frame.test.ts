import canonicalize from "canonicalize";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameBuffer, findNextFrame, parseFrame } from "../../src/base/segment-frame.ts";
import { parseSlice } from "../../src/base/segment-reader.ts";

const ref = { number: 1, file: "" };

function frames(texts: readonly string[]): Buffer {
  const buffer = new FrameBuffer();
  for (const text of texts) buffer.add(text);
  return Buffer.from(buffer.bytes);
}

const parseAll = (bytes: Buffer) => parseSlice(bytes, { ref, base: 0, atEnd: true });

/** Canonical JSON of anything that JSON can say. */
const json = fc
  .jsonValue({ maxDepth: 3 })
  .map((record) => canonicalize({ record, seq: 0 }) ?? "")
  .filter((text) => text !== "");

test("a frame is a line that shows its check, its length and its text", () => {
  expect(frames(['{"record":{"é":1},"seq":0}']).toString()).toBe(
    '8c8199a0 0000001b {"record":{"é":1},"seq":0}\n',
  );
});

test("what is written is read again, whatever it says", () => {
  fc.assert(
    fc.property(fc.array(json, { maxLength: 20 }), (texts) => {
      const bytes = frames(texts);
      const slice = parseAll(bytes);
      expect(slice.entries.map(({ text }) => text)).toEqual(texts);
      expect(slice.damage).toEqual([]);
      expect(slice.end).toBe(bytes.length);
    }),
  );
});

test("a buffer that was cleared holds only what was added since", () => {
  const buffer = new FrameBuffer();
  buffer.add('{"n":1}');
  buffer.clear();
  buffer.add('{"n":2}');
  expect(parseFrame(Buffer.from(buffer.bytes), 0)).toMatchObject({ text: '{"n":2}' });
  expect(buffer.size).toBe(buffer.bytes.length);
});

test("a segment cut at any byte has a prefix of its records, and its torn end is no damage", () => {
  const texts = Array.from({ length: 12 }, (_, n) => `{"record":{"n":${n}},"seq":${n}}`);
  const bytes = frames(texts);
  const ends = texts.map((_, n) => frames(texts.slice(0, n + 1)).length);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const slice = parseAll(bytes.subarray(0, cut));
    const whole = ends.filter((end) => end <= cut).length;
    expect(slice.entries.map(({ text }) => text)).toEqual(texts.slice(0, whole));
    expect(slice.damage).toEqual([]);
    expect(slice.end + slice.tornBytes).toBe(cut);
  }
});

test("every flipped bit is found where it is, and hides no other record", () => {
  const texts = Array.from({ length: 6 }, (_, n) => `{"record":{"n":${n}},"seq":${n}}`);
  const whole = frames(texts);
  for (let bit = 0; bit < whole.length * 8; bit += 1) {
    const bytes = Buffer.from(whole);
    const at = bit >> 3;
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
    const { entries, damage, tornBytes } = parseAll(bytes);
    expect(tornBytes).toBe(0);
    expect(damage).toHaveLength(1);
    const [found] = damage;
    expect(at).toBeGreaterThanOrEqual(found?.offset ?? Number.NaN);
    expect(at).toBeLessThan(found?.end ?? Number.NaN);
    expect(entries).toHaveLength(texts.length - 1);
    const last = entries.filter(({ offset }) => offset < at).at(-1)?.entry;
    expect(found?.afterSeq).toBe(last?.kind === "record" ? last.seq : undefined);
  }
});

test("room that the file system made and never filled is a torn end", () => {
  const bytes = frames(['{"record":1,"seq":0}', '{"record":2,"seq":1}']);
  bytes.fill(0, bytes.length / 2 + 10);
  const slice = parseAll(bytes);
  expect(slice.entries).toHaveLength(1);
  expect(slice.damage).toEqual([]);
  expect(slice.tornBytes).toBe(bytes.length / 2);
});

test("any bytes at all are read without an error, and every one is accounted for", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.array(json, { maxLength: 3 }),
      (noise, texts) => {
        const bytes = Buffer.concat([frames(texts), noise, frames(texts)]);
        const slice = parseAll(bytes);
        expect(slice.end + slice.tornBytes).toBe(bytes.length);
      },
    ),
  );
});

test("where no frame follows a damaged one, none is made up", () => {
  expect(findNextFrame(Buffer.from("nothing\nhere\n"), 0)).toBeUndefined();
});
