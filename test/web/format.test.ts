import { expect, test } from "vitest";
import {
  formatAgo,
  formatBytes,
  formatDay,
  formatDuration,
  formatShare,
  formatTick,
  formatTokens,
  formatUsd,
} from "../../src/web/view-model/format.ts";

test.each([
  [0, "$0"],
  [1, "$0.000000001"],
  [378_000, "$0.000378"],
  [12_345_678, "$0.0123"],
  [120_000_000, "$0.12"],
  [999_400_000, "$0.999"],
  [1_386_000_000, "$1.39"],
  [1_234_567_000_000, "$1,234.57"],
  [null, "–"],
  [Number.NaN, "–"],
])("%s nano-dollars are %s: no small sum is written as nothing", (nanoUsd, wanted) => {
  expect(formatUsd(nanoUsd)).toBe(wanted);
});

test.each([
  [0, "0 ms"],
  [0.4, "<1 ms"],
  [999.4, "999 ms"],
  [999.6, "1.00 s"],
  [9_994, "9.99 s"],
  [9_999, "10.0 s"],
  [59_949, "59.9 s"],
  [59_960, "1 m 00 s"],
  [3_599_600, "1 h 00 m"],
  [7_440_000, "2 h 04 m"],
  [90_000_000, "1 d 1 h"],
  [null, "–"],
  [Number.POSITIVE_INFINITY, "–"],
])("%s ms are written as %s", (ms, wanted) => {
  expect(formatDuration(ms)).toBe(wanted);
});

test.each([
  [9_999, "9,999"],
  [10_000, "10k"],
  [24_431, "24.4k"],
  [999_949, "999.9k"],
  [999_950, "1M"],
  [1_240_000_000, "1.2B"],
])("%s tokens are written as %s", (tokens, wanted) => {
  expect(formatTokens(tokens)).toBe(wanted);
});

test("bytes and shares have units, and no whole has no share", () => {
  expect([0, 999, 475_000, 5_000_000_000, 1.2e16].map(formatBytes)).toEqual([
    "0 B",
    "999 B",
    "475 kB",
    "5 GB",
    "12000 TB",
  ]);
  expect(formatShare(1, 3)).toBe("33 %");
  expect(formatShare(1, 0)).toBe("–");
});

test("a day is named from the local calendar, not by hours that went by", () => {
  const noon = new Date(2026, 10, 21, 12).getTime();
  expect(formatDay(noon, noon)).toBe("Today");
  expect(formatDay(new Date(2026, 10, 21, 0, 1).getTime(), noon)).toBe("Today");
  expect(formatDay(new Date(2026, 10, 20, 23, 59).getTime(), noon)).toBe("Yesterday");
  expect(formatDay(new Date(2026, 10, 14, 9).getTime(), noon)).toBe("Sat 14 Nov");
  expect(formatDay(new Date(2025, 10, 14, 9).getTime(), noon)).toContain("2025");
  expect(formatDay(Number.NaN, noon)).toBe("–");
  expect(formatDay(1e300, noon)).toBe("–");
});

test("how long ago something was ends in a day and a time", () => {
  const now = new Date(2026, 10, 21, 12).getTime();
  expect([1_000, 9_000, 90_000, 3 * 3_600_000].map((ago) => formatAgo(now - ago, now))).toEqual([
    "now",
    "9 s ago",
    "1 min ago",
    "3 h ago",
  ]);
  expect(formatAgo(new Date(2026, 10, 20, 9, 30).getTime(), now)).toBe("Yesterday, 09:30");
});

test.each([
  [0, 2450, "0"],
  [500, 2450, "0.5 s"],
  [2000, 2450, "2 s"],
  [0.5, 1.2, "0.5 ms"],
  [200, 900, "200 ms"],
  [90_000, 300_000, "1 m 30 s"],
])("on an axis, %s ms of %s are %s", (ms, wholeMs, wanted) => {
  expect(formatTick(ms, wholeMs)).toBe(wanted);
});
