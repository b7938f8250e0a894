import canonicalize from "canonicalize";
import fc from "fast-check";
import { expect, test } from "vitest";
import { RecordWriter } from "../../src/audit/record-json.ts";
import type { WireRecord } from "../../src/lifecycle/record-log.ts";

const record = (
  attributes: WireRecord["attributes"],
  rest: Partial<WireRecord> = {},
): WireRecord => ({
  eventName: "turnspan.turn.end",
  timestamp: 1_700_000_000_000.25,
  severityNumber: 9,
  severityText: "INFO",
  attributes,
  ...rest,
});

const number = fc.double({ noNaN: true, noDefaultInfinity: true });
/** Without the letters that secrets are made of: what is redacted is another test's business. */
const text = fc.string({
  unit: fc.constantFrom("a", "é", "😀", "\u2028", '"', "\\", "\n", "1", "Z"),
});
const value = fc.oneof(text, number, fc.boolean(), fc.array(text), fc.array(number));
const ids = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };

test("every record is written as the reference implementation of RFC 8785 writes it", () => {
  const writer = new RecordWriter();
  fc.assert(
    fc.property(
      fc.dictionary(text, value),
      fc.boolean(),
      number,
      (attributes, inSpan, timestamp) => {
        const whole = record(attributes, { timestamp, ...(inSpan ? ids : {}) });
        expect(writer.write(whole)).toBe(canonicalize(whole));
      },
    ),
    { numRuns: 500 },
  );
});

test("names that look like numbers stand in the order of their characters", () => {
  const attributes = { b: 1, 10: 2, 9: 3, a: 4 };
  expect(new RecordWriter().write(record(attributes))).toContain('{"10":2,"9":3,"a":4,"b":1}');
});

test("a record of the same event with other attributes is written as it is", () => {
  const writer = new RecordWriter();
  for (const attributes of [{ b: 1, a: 2 }, { a: 2, b: 1 }, { b: 1, a: 2 }, { b: 1 }, {}]) {
    expect(writer.write(record(attributes))).toBe(canonicalize(record(attributes)));
  }
});

test("what JSON cannot say is written as what comes nearest", () => {
  const json = new RecordWriter().write(
    record({
      cut: "half \ud83d",
      limit: Number.POSITIVE_INFINITY,
      items: ["a", null, Number.NaN] as never,
    }),
  );
  expect(JSON.parse(json).attributes).toEqual({
    cut: "half \ufffd",
    limit: "Infinity",
    items: ["a", null, "NaN"],
  });
});

test("secrets are taken out of texts and lists, and nothing else is changed", () => {
  const secret = `sk-${"a1".repeat(12)}`;
  const json = new RecordWriter().write(
    record({ error: `bad key ${secret}`, tried: [secret, "none"], turns: 3, model: "m" }),
  );
  expect(JSON.parse(json).attributes).toEqual({
    error: "bad key [redacted]",
    tried: ["[redacted]", "none"],
    turns: 3,
    model: "m",
  });
});
