import {
  calcPrice,
  type Usage as LibraryUsage,
  type MatchLogic,
  type ModelInfo,
  waitForUpdate,
} from "@pydantic/genai-prices";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { TokenUsage } from "../../src/pricing/cost.ts";
import { createPriceBook } from "../../src/pricing/price-book.ts";

const book = await createPriceBook();
const providers = (await waitForUpdate()) ?? [];
const listed = providers.flatMap((provider) =>
  provider.models.map((model) => ({ providerId: provider.id, model })),
);

/** Each model's id, and the texts that its match rule names. */
function namesOf(model: ModelInfo): readonly string[] {
  return [...new Set([model.id, ...textsOf(model.match)])];
}

function textsOf(match: MatchLogic): readonly string[] {
  if ("or" in match) return match.or.flatMap(textsOf);
  if ("and" in match) return [match.and.flatMap(textsOf).join("-")];
  return "regex" in match ? [] : Object.values(match);
}

/** A time before, at and after each limit that the model's prices have. */
function timesOf(model: ModelInfo): readonly number[] {
  const now = Date.parse("2026-11-21T12:00:00Z");
  if (!Array.isArray(model.prices)) return [now];
  const limits = model.prices.flatMap(({ constraint }) => {
    if (constraint === undefined) return [];
    if (constraint.type === "start_date") return [Date.parse(constraint.start_date)];
    const { start_time, end_time } = constraint;
    return [Date.parse(`2026-11-21T${start_time}`), Date.parse(`2026-11-21T${end_time}`)];
  });
  return [now, 0, ...limits.flatMap((limit) => [limit - 1, limit, limit + 1])];
}

function libraryUsage(usage: TokenUsage): LibraryUsage {
  return {
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    cache_read_tokens: usage.cacheReadTokens,
    cache_write_tokens: usage.cacheWriteTokens,
    cache_write_1h_tokens: usage.cacheWrite1hTokens,
    output_reasoning_tokens: usage.reasoningTokens,
  };
}

interface Call {
  readonly providerId: string | undefined;
  readonly name: string;
  readonly at: number;
  readonly usage: TokenUsage;
}

/**
 * The library's own answer, tolerance 0; `undefined` where it finds no model or rejects the counts,
 * and above nine million dollars, where nano-dollars are no safe integers.
 */
function libraryNanoUsd({ providerId, name, at, usage }: Call): number | undefined {
  const options = {
    timestamp: new Date(at),
    ...(providerId === undefined ? {} : { providerId }),
  };
  try {
    const result = calcPrice(libraryUsage(usage), name, options);
    const nanoUsd = Math.round((result?.total_price ?? Number.NaN) * 1e9);
    return Number.isSafeInteger(nanoUsd) ? nanoUsd : undefined;
  } catch {
    return undefined;
  }
}

function ourNanoUsd({ providerId, name, at, usage }: Call): number | undefined {
  return book.price({ provider: providerId, model: name, at, usage })?.nanoUsd;
}

function isPricedByTokens({ providerId, name, at }: Call): boolean {
  const offer = book.find(providerId, name, at);
  return offer === undefined || offer.card !== undefined;
}

const tierEdges = [127_999, 128_000, 128_001, 199_999, 200_000, 200_001, 271_999, 272_000, 272_001];
const usages: readonly TokenUsage[] = [
  { inputTokens: 0, outputTokens: 0 },
  { inputTokens: 1 },
  { outputTokens: 1 },
  { inputTokens: 1001, outputTokens: 77 },
  { inputTokens: 1001, outputTokens: 77, reasoningTokens: 31 },
  { inputTokens: 5003, outputTokens: 9, cacheReadTokens: 4001 },
  { inputTokens: 5003, outputTokens: 9, cacheReadTokens: 1003, cacheWriteTokens: 999 },
  { inputTokens: 5003, outputTokens: 9, cacheWriteTokens: 999, cacheWrite1hTokens: 333 },
  { inputTokens: 10, outputTokens: 10, cacheReadTokens: 11 },
  { inputTokens: 10, outputTokens: 10, reasoningTokens: 11 },
  { outputTokens: 10, cacheReadTokens: 11 },
  { inputTokens: 10, reasoningTokens: 11 },
  { inputTokens: 10, cacheWriteTokens: 3, cacheWrite1hTokens: 4 },
  { inputTokens: 10, cacheWrite1hTokens: 4 },
  { inputTokens: 1_000_000, outputTokens: 1_000_000 },
  ...[...tierEdges, 511_999, 512_000, 512_001].map((inputTokens) => ({
    inputTokens,
    outputTokens: 1234,
    cacheReadTokens: 100_003,
    cacheWriteTokens: 1001,
    reasoningTokens: 234,
  })),
];

test("every model of the price data costs what the library's own calcPrice says", () => {
  const differing: unknown[] = [];
  for (const { providerId, model } of listed) {
    for (const name of namesOf(model)) {
      for (const at of timesOf(model)) {
        for (const usage of usages) {
          const call = { providerId, name, at, usage };
          const expected = isPricedByTokens(call) ? libraryNanoUsd(call) : undefined;
          if (ourNanoUsd(call) !== expected) differing.push({ ...call, expected });
        }
      }
    }
  }
  expect(differing).toEqual([]);
}, 120_000);

const anyCount = fc.option(
  fc.oneof(fc.nat(300), fc.nat(2_000_000), fc.constantFrom(...tierEdges), fc.nat(2 ** 40)),
  { nil: undefined },
);
const anyUsage: fc.Arbitrary<TokenUsage> = fc.oneof(
  fc.record({
    inputTokens: anyCount,
    outputTokens: anyCount,
    cacheReadTokens: anyCount,
    cacheWriteTokens: anyCount,
    cacheWrite1hTokens: anyCount,
    reasoningTokens: anyCount,
  }),
  fc
    .record({
      rest: fc.nat(400_000),
      read: fc.nat(300_000),
      write: fc.nat(9999),
      out: fc.nat(9999),
    })
    .map(({ rest, read, write, out }) => ({
      inputTokens: rest + read + write,
      outputTokens: out,
      cacheReadTokens: read,
      cacheWriteTokens: write,
      cacheWrite1hTokens: Math.floor(write / 3),
      reasoningTokens: Math.floor(out / 2),
    })),
);

test("any usage of any model at any time costs what calcPrice says", () => {
  const anyModel = fc.constantFrom(...listed);
  const anyTime = fc.date({ min: new Date("2023-01-01"), noInvalidDate: true });
  const someCount = (usage: TokenUsage): boolean =>
    Object.values(usage).some((count) => count !== undefined);
  fc.assert(
    fc.property(anyModel, anyUsage.filter(someCount), anyTime, fc.boolean(), (...drawn) => {
      const [{ providerId, model }, usage, at, named] = drawn;
      const call = {
        providerId: named ? providerId : undefined,
        // Without a provider we look a prefix up too (`openai/gpt-5`), where the library gives up.
        name: named ? model.id : (model.id.split("/").at(-1) ?? ""),
        at: at.getTime(),
        usage,
      };
      const expected = isPricedByTokens(call) ? libraryNanoUsd(call) : undefined;
      expect(ourNanoUsd(call)).toBe(expected);
    }),
    { numRuns: 20_000 },
  );
}, 120_000);

test("models that are priced by the hour or the page have no price by tokens, where the library says 0", () => {
  const at = Date.parse("2026-11-21T12:00:00Z");
  const names = listed
    .filter(
      ({ providerId, model }) => !isPricedByTokens({ providerId, name: model.id, at, usage: {} }),
    )
    .map(({ providerId, model }) => `${providerId}/${model.id}`);
  expect(names).toEqual([
    "groq/whisper-large-v3",
    "groq/whisper-large-v3-turbo",
    "mistral/mistral-ocr-2503",
    "mistral/mistral-ocr-2505",
    "mistral/mistral-ocr-2512",
    "mistral/mistral-ocr-4-0",
    "mistral/mistral-ocr-4-1",
    "mistral/mistral-ocr-latest",
    "mistral/voxtral-mini-2602",
    "openai/gpt-transcribe",
    "openai/whisper-1",
    "x-ai/grok-voice-latest",
    "x-ai/grok-voice-think-fast-1.0",
    "x-ai/grok-voice-think-fast-2.0",
  ]);
});

test("a model that the library lists without rates is free", () => {
  const call = { provider: "google", model: "gemma-3", at: 0, usage: { inputTokens: 5 } };
  expect(book.price(call)).toMatchObject({ nanoUsd: 0, source: "genai-prices" });
});

test("the price data is described by its version and size", async () => {
  expect(await book.describeLibrary()).toEqual({ version: "0.1.8", modelCount: listed.length });
});
