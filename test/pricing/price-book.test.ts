import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type CallToPrice, createPriceBook } from "../../src/pricing/price-book.ts";
import { type PriceEntry, writePriceFile } from "../../src/pricing/price-file.ts";

const book = await createPriceBook();
const at = new Date("2026-11-21T12:00:00Z");
const usage = { inputTokens: 1000, outputTokens: 100 };

/** A price book with entries of the user's own. */
async function openUserBook(...entries: readonly PriceEntry[]) {
  using folder = mkdtempDisposableSync(join(tmpdir(), "turnspan-prices-"));
  const userFile = join(folder.path, "prices.json");
  await writePriceFile(userFile, entries);
  // Awaited here: the folder goes when this function returns.
  return await createPriceBook({ userFile });
}

test("a known model has a price, its source and the entry that it matched", () => {
  const call = { provider: "anthropic", model: "claude-sonnet-4-5-20250929", at, usage };
  expect(book.price(call)).toEqual({
    nanoUsd: 1000 * 3000 + 100 * 15_000,
    source: "genai-prices",
    provider: "anthropic",
    model: "claude-sonnet-4-5",
  });
});

test("an unknown model has no price, and never 0", () => {
  expect(book.price({ provider: "openai", model: "acme-1", at, usage })).toBeUndefined();
  expect(book.price({ provider: "acme", model: "acme-1", at, usage })).toBeUndefined();
  expect(book.price({ model: "mock-a", provider: "mock", at, usage })).toBeUndefined();
});

test("a known model that reports no usage has no price", () => {
  expect(book.price({ provider: "openai", model: "gpt-5", at, usage: {} })).toBeUndefined();
});

test("an unknown provider is priced by the model's name, and by the prefix of that name", () => {
  const expected = { nanoUsd: 2_250_000, provider: "openai", model: "gpt-5" };
  expect(book.price({ provider: "my-proxy", model: "gpt-5", at, usage })).toMatchObject(expected);
  expect(book.price({ model: "gpt-5", at, usage })).toMatchObject(expected);
  expect(book.price({ provider: "my-proxy", model: "openai/gpt-5", at, usage })).toMatchObject(
    expected,
  );
});

test("a model served on one's own machine is not priced by its name", () => {
  expect(book.price({ provider: "ollama", model: "deepseek-r1:7b", at, usage })).toBeUndefined();
});

test("the price is that of the call's date, given as a Date or in milliseconds", () => {
  const call = { provider: "openai", model: "o3", usage };
  const change = Date.parse("2025-06-10T00:00:00Z");
  expect(book.price({ ...call, at: change - 1 })?.nanoUsd).toBe(1000 * 10_000 + 100 * 40_000);
  expect(book.price({ ...call, at: change })?.nanoUsd).toBe(1000 * 2000 + 100 * 8000);
  expect(book.price({ ...call, at: new Date(change) })?.nanoUsd).toBe(1000 * 2000 + 100 * 8000);
});

test("the price is that of the hour where a provider has hours", () => {
  const input = { provider: "deepseek", model: "deepseek-chat", usage: { inputTokens: 1000 } };
  const costAt = (time: string): number | undefined =>
    book.price({ ...input, at: Date.parse(`2025-03-01T${time}Z`) })?.nanoUsd;
  expect(costAt("00:29:59.999")).toBe(135_000);
  expect(costAt("00:30:00")).toBe(270_000);
  expect(costAt("16:29:59.999")).toBe(270_000);
  expect(costAt("16:30:00")).toBe(135_000);
});

test("the user's price wins over the built-in one from its date on", async () => {
  const own = { model: "o3", inputPerMillion: 1, outputPerMillion: 0, from: "2026-01-01" };
  const userBook = await openUserBook(own);
  const call = { provider: "openai", model: "o3", usage };
  expect(userBook.price({ ...call, at })).toEqual({
    nanoUsd: 1_000_000,
    source: "user",
    provider: undefined,
    model: "o3",
  });
  expect(userBook.price({ ...call, at: Date.parse("2025-12-31T23:59:59Z") })).toMatchObject({
    source: "genai-prices",
  });
});

test("the user's cache rates are honoured, and cached tokens are input without them", async () => {
  const rates = { inputPerMillion: 4, outputPerMillion: 8 };
  const userBook = await openUserBook(
    { model: "with", ...rates, cacheReadPerMillion: 1, cacheWritePerMillion: 5 },
    { model: "without", ...rates },
  );
  const cached = { inputTokens: 100, cacheReadTokens: 50, cacheWriteTokens: 20, outputTokens: 10 };
  const cost = (model: string) => userBook.price({ model, at, usage: cached })?.nanoUsd;
  expect(cost("with")).toBe(30 * 4000 + 50 * 1000 + 20 * 5000 + 10 * 8000);
  expect(cost("without")).toBe(100 * 4000 + 10 * 8000);
});

test("a broken user file is an error", async () => {
  await expect(createPriceBook({ userFile: tmpdir() })).rejects.toMatchObject({
    code: "PRICES_FILE_INVALID",
  });
});

test("an invalid time has no price", () => {
  const call = { provider: "openai", model: "gpt-5", usage };
  expect(book.price({ ...call, at: Number.NaN })).toBeUndefined();
  expect(book.price({ ...call, at: new Date("never") })).toBeUndefined();
});

test("price never throws, whatever it is given", () => {
  const throwing = {
    get provider(): string {
      throw new Error("a getter");
    },
  };
  fc.assert(
    fc.property(fc.anything(), fc.anything(), fc.anything(), fc.anything(), (...values) => {
      const [provider, model, time, counts] = values;
      const call = { provider, model, at: time, usage: counts } as CallToPrice;
      book.price(call);
      book.price({ ...call, model: "gpt-5", at, usage: { inputTokens: counts as number } });
    }),
  );
  expect(book.price(throwing as unknown as CallToPrice)).toBeUndefined();
  expect(book.price(undefined as unknown as CallToPrice)).toBeUndefined();
});

test("rates stay right when more models are asked for than are kept", async () => {
  const small = await createPriceBook();
  for (let index = 0; index < 10_000; index += 1) {
    small.price({ provider: "acme", model: `acme-${index}`, at, usage });
  }
  expect(small.price({ provider: "openai", model: "gpt-5", at, usage })?.nanoUsd).toBe(2_250_000);
});
