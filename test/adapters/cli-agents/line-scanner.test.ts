import fc from "fast-check";
import { expect, test } from "vitest";
import type { Fields } from "../../../src/adapters/cli-agents/fields.ts";
import { LineScanner } from "../../../src/adapters/cli-agents/line-scanner.ts";

/** Scans bytes in pieces of the given sizes, again and again; each piece is overwritten after its turn. */
function scan(bytes: Buffer, sizes: readonly number[], marks: readonly string[] = []) {
  const lines: Fields[] = [];
  const scanner = new LineScanner((line) => lines.push(line), marks);
  for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
    const piece = Buffer.from(bytes.subarray(start, start + (sizes[turn % sizes.length] ?? 1)));
    start += piece.length;
    scanner.push(piece);
    piece.fill("x");
  }
  scanner.end();
  return { lines, broken: scanner.broken, read: scanner.lines };
}

const object = fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }));
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
const ends = fc.constantFrom("\n", "\r\n", "\n\n", " \n");

test("lines come out whole, wherever the bytes were cut", () => {
  const file = fc.array(fc.tuple(object, ends), { maxLength: 8 });
  fc.assert(
    fc.property(file, sizes, (written, cuts) => {
      const bytes = Buffer.from(written.map(([line, end]) => JSON.stringify(line) + end).join(""));
      const { lines, broken } = scan(bytes, cuts);
      expect(lines).toEqual(written.map(([line]) => JSON.parse(JSON.stringify(line))));
      expect(broken).toBe(0);
    }),
  );
});

test("only lines that hold one of the texts are parsed, and every one of those, wherever the bytes were cut", () => {
  const line = fc.constantFrom(
    '{"usage":1}',
    '{"a":"\\"usage\\""}',
    '{"b":2}',
    '{"x":{"cost-state":[]}}',
    '{"usage":1,"cost-state":2}',
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), sizes, (written, cuts) => {
      const { lines, read } = scan(Buffer.from(`${written.join("\n")}\n`), cuts, [
        '"usage"',
        '"cost-state"',
      ]);
      const marked = written.filter((text) => /"usage":|"cost-state":/.test(text));
      expect(lines).toEqual(marked.map((text) => JSON.parse(text)));
      expect(read).toBe(written.length);
    }),
  );
});

test("lines that are no JSON object are counted, also those without any of the texts", () => {
  const text = '{"usage":1}\n{broken\nnothing\n[1,2]\n{"usage":}\n{"usage":2}\n';
  const { lines, broken } = scan(Buffer.from(text), [7], ['"usage"']);
  expect(lines).toEqual([{ usage: 1 }, { usage: 2 }]);
  expect(broken).toBe(4);
});

test("a last line that its writer has not finished is no broken line", () => {
  const { lines, broken } = scan(Buffer.from('{"usage":1}\n{"usage":2,"te'), [1000]);
  expect(lines).toEqual([{ usage: 1 }]);
  expect(broken).toBe(0);
});

test("a last line that is whole but for its line feed is read", () => {
  expect(scan(Buffer.from('{"usage":1}\n{"usage":2}'), [1000]).lines).toHaveLength(2);
});

test("a line that would fill the memory is left out and counted, and what follows is read", () => {
  const lines: Fields[] = [];
  const scanner = new LineScanner((line) => lines.push(line));
  const piece = Buffer.alloc(8 * 1024 * 1024, "x");
  scanner.push(Buffer.from('{"a":"'));
  for (let pieces = 0; pieces < 10; pieces += 1) scanner.push(piece);
  scanner.push(Buffer.from('"}\n{"b":1}\n'));
  scanner.end();
  expect(lines).toEqual([{ b: 1 }]);
  expect([scanner.broken, scanner.lines]).toEqual([1, 2]);
});
