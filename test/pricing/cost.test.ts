import fc from "fast-check";
import { expect, test } from "vitest";
import { computeCostNanoUsd, createRateCard, type Rate } from "../../src/pricing/cost.ts";

const rate = (kind: Rate["kind"], usd: number, tiers: Rate["tiers"] = []): Rate => ({
  kind,
  usd,
  tiers,
});
const plain = createRateCard([rate("input", 3), rate("output", 15)]);
const full = createRateCard([
  rate("input", 3),
  rate("output", 15),
  rate("cacheRead", 0.3),
  rate("cacheWrite", 3.75),
  rate("cacheWrite1h", 6),
  rate("reasoning", 20),
]);

test("input and output tokens are charged per million, in nano-dollars", () => {
  expect(computeCostNanoUsd({ inputTokens: 1000, outputTokens: 10 }, plain)).toBe(3_150_000);
});

test("cached, cache-write and reasoning tokens leave the whole and are charged at their own rates", () => {
  const usage = {
    inputTokens: 1000,
    cacheReadTokens: 600,
    cacheWriteTokens: 300,
    cacheWrite1hTokens: 100,
    outputTokens: 50,
    reasoningTokens: 20,
  };
  const expected = 100 * 3000 + 600 * 300 + 200 * 3750 + 100 * 6000 + 30 * 15_000 + 20 * 20_000;
  expect(computeCostNanoUsd(usage, full)).toBe(expected);
});

test("kinds without a rate of their own are charged as what they are part of", () => {
  const usage = {
    inputTokens: 1000,
    cacheReadTokens: 600,
    cacheWriteTokens: 300,
    outputTokens: 50,
    reasoningTokens: 20,
  };
  expect(computeCostNanoUsd(usage, plain)).toBe(1000 * 3000 + 50 * 15_000);
});

test("one-hour cache writes without a rate are charged as cache writes", () => {
  const card = createRateCard([rate("input", 3), rate("cacheWrite", 4)]);
  const usage = { inputTokens: 100, cacheWriteTokens: 10, cacheWrite1hTokens: 5 };
  expect(computeCostNanoUsd(usage, card)).toBe(90 * 3000 + 10 * 4000);
});

test("a tier holds for all tokens once the input exceeds its start", () => {
  const tiers = (usd: number): Rate["tiers"] => [{ aboveInputTokens: 200_000, usd }];
  const card = createRateCard([rate("input", 3, tiers(6)), rate("output", 15, tiers(22.5))]);
  const cost = (inputTokens: number): number | undefined =>
    computeCostNanoUsd({ inputTokens, outputTokens: 10 }, card);
  expect(cost(200_000)).toBe(200_000 * 3000 + 10 * 15_000);
  expect(cost(200_001)).toBe(200_001 * 6000 + 10 * 22_500);
});

test("a request price is charged once a call", () => {
  const card = createRateCard([rate("input", 1), rate("request", 5)]);
  expect(computeCostNanoUsd({ inputTokens: 10 }, card)).toBe(10_000 + 5_000_000);
});

test("half a nano-dollar is rounded up, once, after adding", () => {
  const card = createRateCard([rate("input", 0.0005), rate("output", 0.0005)]);
  expect(computeCostNanoUsd({ inputTokens: 1 }, card)).toBe(1);
  expect(computeCostNanoUsd({ inputTokens: 1, outputTokens: 1 }, card)).toBe(1);
});

test("a card without rates is free, and a rate of 0 costs 0", () => {
  expect(computeCostNanoUsd({ inputTokens: 1 }, createRateCard([]))).toBe(0);
  expect(computeCostNanoUsd({ inputTokens: 1 }, createRateCard([rate("input", 0)]))).toBe(0);
});

test("usage that says nothing has no price", () => {
  expect(computeCostNanoUsd({}, plain)).toBeUndefined();
  expect(computeCostNanoUsd({ inputTokens: undefined }, createRateCard([]))).toBeUndefined();
});

test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
  "a count of %d has no price",
  (count) => {
    expect(computeCostNanoUsd({ inputTokens: count, outputTokens: 1 }, plain)).toBeUndefined();
    expect(computeCostNanoUsd({ inputTokens: 1, reasoningTokens: count }, plain)).toBeUndefined();
  },
);

test("parts that exceed their whole, or have none, have no price", () => {
  expect(computeCostNanoUsd({ inputTokens: 5, cacheReadTokens: 6 }, full)).toBeUndefined();
  expect(computeCostNanoUsd({ outputTokens: 5, cacheReadTokens: 6 }, full)).toBeUndefined();
  expect(computeCostNanoUsd({ inputTokens: 5, reasoningTokens: 6 }, full)).toBeUndefined();
});

test("a cost beyond safe integers is unknown", () => {
  expect(computeCostNanoUsd({ inputTokens: 2 ** 52 }, plain)).toBeUndefined();
});

test("the cost of any sound usage is a whole number, free of float noise", () => {
  const count = fc.nat(1_000_000);
  fc.assert(
    fc.property(count, count, count, count, (plainInput, read, write, output) => {
      const usage = {
        inputTokens: plainInput + read + write,
        cacheReadTokens: read,
        cacheWriteTokens: write,
        outputTokens: output,
      };
      // These rates are whole numbers of nano-dollars a token, so the exact cost is a whole number.
      const exact = plainInput * 3000 + read * 300 + write * 3750 + output * 15_000;
      expect(computeCostNanoUsd(usage, full)).toBe(exact);
    }),
  );
});
