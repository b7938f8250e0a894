import fc from "fast-check";
import { expect, test } from "vitest";
import { boundedLines, type LongLine } from "../../src/cli/bounded-lines.ts";

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const never = new AbortController().signal;

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function read(text: string, size: number, max = 1000): Promise<(string | LongLine)[]> {
  return collect(boundedLines(chunksOf(Buffer.from(text), size), max, never));
}

test("lines are the same, however the bytes are cut", async () => {
  const line = fc.string({ unit: "grapheme" }).filter((text) => !/[\r\n\ufeff]/.test(text));
  await fc.assert(
    fc.asyncProperty(
      fc.array(line),
      fc.constantFrom("\n", "\r\n"),
      fc.nat(7),
      async (lines, end, cut) => {
        const text = lines.map((one) => `${one}${end}`).join("");
        expect(await read(text, cut + 1, 10_000)).toEqual(lines);
      },
    ),
  );
});

test("a last line without its end counts; a mark at the start does not", async () => {
  expect(await read("\ufeffone\ntwo", 2)).toEqual(["one", "two"]);
  expect(await read("one\n\ufefftwo\n", 3)).toEqual(["one", "\ufefftwo"]);
});

test("of a line that is too long only the length is given, and the next one is read", async () => {
  const text = `short\n${"x".repeat(50)}\n${"y".repeat(10)}\n${"z".repeat(11)}`;
  expect(await read(text, 4, 10)).toEqual(["short", { bytes: 50 }, "y".repeat(10), { bytes: 11 }]);
});

test("an abort ends the lines, also while nothing comes", async () => {
  const controller = new AbortController();
  async function* hanging(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("one\ntw");
    setImmediate(() => controller.abort());
    await new Promise(() => {});
  }
  const lines = await collect(boundedLines(hanging(), 10, controller.signal));
  expect(lines).toEqual(["one"]);
});
