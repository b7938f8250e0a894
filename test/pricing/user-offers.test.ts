import { expect, test } from "vitest";
import type { PriceEntry } from "../../src/pricing/price-file.ts";
import { createUserOffers } from "../../src/pricing/user-offers.ts";

/** An entry that is told from the others by its input price. */
const entry = (model: string, input: number, more: Partial<PriceEntry> = {}): PriceEntry => ({
  model,
  inputPerMillion: input,
  outputPerMillion: 0,
  ...more,
});

function inputsOf(
  entries: readonly PriceEntry[],
  model: string,
  provider?: string,
): readonly (number | undefined)[] {
  return createUserOffers(entries)(provider, model).map((offer) => offer.card?.rates[0]?.usd);
}

test("a model matches by its whole name whatever the case, or by a pattern", () => {
  const entries = [
    entry("acme-1", 1),
    entry("acme-*", 2),
    entry("*-1", 3),
    entry("*cme*", 4),
    entry("*", 5),
  ];
  expect(inputsOf(entries, " ACME-1 ")).toEqual([1, 2, 4, 3, 5]);
  expect(inputsOf(entries, "acme-10")).toEqual([2, 4, 5]);
  expect(inputsOf(entries, "other-1")).toEqual([3, 5]);
  expect(inputsOf(entries, "x")).toEqual([5]);
});

test("an entry with a provider holds there only, whatever the provider is called", () => {
  const entries = [entry("acme-1", 1, { provider: "google" }), entry("acme-1", 2)];
  expect(inputsOf(entries, "acme-1", "gcp.gemini")).toEqual([1, 2]);
  expect(inputsOf(entries, "acme-1", "Google")).toEqual([1, 2]);
  expect(inputsOf(entries, "acme-1", "anthropic")).toEqual([2]);
  expect(inputsOf(entries, "acme-1")).toEqual([2]);
});

test("a whole name wins over a pattern, a provider over none, a longer pattern over a shorter", () => {
  const entries = [
    entry("ac*", 1),
    entry("acme*", 2),
    entry("a*", 3, { provider: "acme" }),
    entry("acme-1", 4),
  ];
  expect(inputsOf(entries, "acme-1", "acme")).toEqual([4, 3, 2, 1]);
});

test("a later start wins over an earlier one, and the last entry over its doubles", () => {
  const entries = [
    entry("acme-1", 1, { from: "2027-01-01" }),
    entry("acme-1", 2),
    entry("acme-1", 3, { from: "2026-01-01" }),
    entry("acme-1", 4),
  ];
  expect(inputsOf(entries, "acme-1")).toEqual([1, 3, 4, 2]);
});
