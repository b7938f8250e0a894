import type { Attributes } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { BatchedCounter } from "../../src/lifecycle/batched-counter.ts";

function setUp() {
  const told: (readonly [number, Attributes])[] = [];
  const counter = {
    add: (value: number, attributes: Attributes = {}) => void told.push([value, attributes]),
  };
  return { told, sums: new BatchedCounter(counter, ["agent", "model"], 1e9) };
}

test("a counter is told one exact sum a set of attributes, and each unit once", () => {
  const { told, sums } = setUp();
  for (let call = 0; call < 300; call += 1) sums.add(100_000_001, "a", call % 3 ? "m" : undefined);
  expect(told).toEqual([]);
  sums.flush();
  expect(told).toEqual([
    [10.0000001, { agent: "a", model: undefined }],
    [20.0000002, { agent: "a", model: "m" }],
  ]);
  sums.flush();
  expect(told).toHaveLength(2);
  sums.add(1e9, "a", "m");
  sums.flush();
  expect(told.at(-1)).toEqual([1, { agent: "a", model: "m" }]);
});

test("a meter that never collects is told at the latest after a thousand additions", () => {
  const { told, sums } = setUp();
  for (let call = 0; call < 2500; call += 1) sums.add(1e9, "a", "m");
  expect(told.map(([value]) => value)).toEqual([1000, 1000]);
});

test("a thousand sets of attributes wait at most", () => {
  const { told, sums } = setUp();
  for (let call = 0; call < 1999; call += 1) sums.add(1e9, "a", `model ${call}`);
  expect(told).toHaveLength(1000);
});
