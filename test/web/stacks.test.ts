import { expect, test } from "vitest";
import type { CostReport, CostRow } from "../../src/server/api-report-types.ts";
import { daysOfRange, nameOfDay, startOfRange } from "../../src/web/view-model/ranges.ts";
import { stackCost } from "../../src/web/view-model/stacks.ts";
import { makeTotals } from "./make.ts";

const NOW = new Date(2026, 10, 21, 12).getTime();

const row = (daysAgo: number, key: string | null, nanoUsd: number): CostRow => ({
  day: nameOfDay(new Date(2026, 10, 21 - daysAgo).getTime()),
  dayStartMs: null,
  key,
  provider: null,
  totals: makeTotals({ nanoUsd }),
});

const report = (rows: CostRow[]): CostReport => ({
  ...{ by: "day", fromMs: 0, toMs: NOW, timeZone: "UTC", rows, unknownPrices: [] },
  total: makeTotals(),
});

test("each day of a range begins at its own midnight, also where clocks change", () => {
  const days = daysOfRange("90d", NOW);
  expect(days).toHaveLength(90);
  expect(days.every((ms) => new Date(ms).getHours() === 0)).toBe(true);
  expect(new Set(days.map(nameOfDay)).size).toBe(90);
  expect(days[0]).toBe(startOfRange("90d", NOW));
  expect(nameOfDay(startOfRange("today", NOW))).toBe("2026-11-21");
});

test("costs are stacked by day, days without any are there, and nothing is lost", () => {
  const rows = [row(1, "a", 5), row(0, "a", 7), row(0, "b", 20), row(0, null, 1), row(6, "b", 0)];
  const stacks = stackCost(report(rows), daysOfRange("7d", NOW));
  expect(stacks.series).toEqual(["b", "a", "unknown"]);
  expect(stacks.days).toHaveLength(7);
  expect(stacks.days.at(-1)).toMatchObject({ total: 28, values: [20, 7, 1] });
  expect(stacks.days.at(-2)).toMatchObject({ total: 5, values: [0, 5, 0] });
  expect(stacks.most).toBe(28);
});

test("past five names the rest is one", () => {
  const rows = ["a", "b", "c", "d", "e", "f", "g"].map((key, place) => row(0, key, 10 - place));
  const stacks = stackCost(report(rows), daysOfRange("today", NOW));
  expect(stacks.series).toEqual(["a", "b", "c", "d", "e", "others"]);
  expect(stacks.days[0]?.values.at(-1)).toBe(5 + 4);
  expect(stacks.days[0]?.total).toBe(49);
});
