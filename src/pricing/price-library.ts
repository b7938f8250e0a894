import { readFile } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import type { ConditionalPrice, ModelInfo, ModelPrice } from "@pydantic/genai-prices";
import { createRateCard, type Rate, type RateKind } from "./cost.ts";
import type { PriceOffer, Validity } from "./price-offer.ts";
import { providerCandidates } from "./providers.ts";

/** The bundled data of genai-prices. Nothing is fetched: its auto-update is never switched on. */
export interface PriceLibrary {
  /** Lists a model's prices, the first that is valid applies; empty where it is unknown. */
  listOffers(provider: string | undefined, model: string): readonly PriceOffer[];
  /** Reads the library's version (`undefined` where its package.json is out of reach) and counts. */
  describe(): Promise<{ readonly version: string | undefined; readonly modelCount: number }>;
}

type GenaiPrices = typeof import("@pydantic/genai-prices");

const libraryName = "@pydantic/genai-prices";

const rateKinds: ReadonlyMap<string, RateKind> = new Map([
  ["input_mtok", "input"],
  ["output_mtok", "output"],
  ["cache_read_mtok", "cacheRead"],
  ["cache_write_mtok", "cacheWrite"],
  ["cache_write_1h_mtok", "cacheWrite1h"],
  ["output_reasoning_mtok", "reasoning"],
  ["requests_kcount", "request"],
]);

/** Loads the price data (0.8 MB of JavaScript), the first time it is called. */
export async function loadPriceLibrary(): Promise<PriceLibrary> {
  const genaiPrices = await import("@pydantic/genai-prices");
  const isKnown = (providerId: string): boolean =>
    genaiPrices.findProvider({ providerId }) !== undefined;
  return {
    listOffers(provider, model) {
      for (const candidate of providerCandidates(provider, isKnown)) {
        const found = findModel(genaiPrices, candidate, model);
        if (found !== undefined) return found;
      }
      return [];
    },
    describe: async () => ({
      version: await readVersion(),
      modelCount: ((await genaiPrices.waitForUpdate()) ?? []).flatMap(({ models }) => models)
        .length,
    }),
  };
}

function findModel(
  genaiPrices: GenaiPrices,
  providerId: string | undefined,
  model: string,
): readonly PriceOffer[] | undefined {
  // calcPrice over no usage is the library's only way to ask which entry a model's name matches.
  const options = { timestamp: new Date(0), ...(providerId === undefined ? {} : { providerId }) };
  const found = genaiPrices.calcPrice({}, model, options);
  return found === null ? undefined : toOffers(found.provider.id, found.model);
}

/** The library scans its list from the end, and takes the first where none is valid. */
function toOffers(provider: string, model: ModelInfo): readonly PriceOffer[] {
  if (!Array.isArray(model.prices)) return [toOffer(provider, model.id, model.prices, {})];
  const offers = model.prices
    .toReversed()
    .map((price) => toOffer(provider, model.id, price.prices, toValidity(price)));
  const first = offers.at(-1);
  return first === undefined ? [] : [...offers.slice(0, -1), { ...first, validity: {} }];
}

function toOffer(
  provider: string,
  model: string,
  prices: ModelPrice,
  validity: Validity,
): PriceOffer {
  const rates: Rate[] = [];
  const otherUnits: string[] = [];
  for (const [key, price] of Object.entries(prices)) {
    const kind = rateKinds.get(key);
    if (price === undefined) continue;
    if (kind === undefined) otherUnits.push(key);
    else rates.push(toRate(kind, price));
  }
  const byTokens = rates.length > 0 || otherUnits.length === 0;
  const card = byTokens ? createRateCard(rates) : undefined;
  return { source: "genai-prices", provider, model, card, otherUnits, validity };
}

function toRate(kind: RateKind, price: NonNullable<ModelPrice[string]>): Rate {
  if (typeof price === "number") return { kind, usd: price, tiers: [] };
  const tiers = price.tiers.toSorted((a, b) => a.start - b.start);
  return {
    kind,
    usd: price.base,
    tiers: tiers.map((tier) => ({ aboveInputTokens: tier.start, usd: tier.price })),
  };
}

function toValidity({ constraint }: ConditionalPrice): Validity {
  if (constraint === undefined) return {};
  if (constraint.type === "start_date") return { fromMs: Date.parse(constraint.start_date) };
  return {
    dailyUtc: {
      fromSecond: toSecondOfDay(constraint.start_time),
      untilSecond: toSecondOfDay(constraint.end_time),
    },
  };
}

/** Reads `16:30:00Z` or `16:30:00+02:00`. */
function toSecondOfDay(time: string): number {
  return (Date.parse(`1970-01-02T${time}`) / 1000) % 86_400;
}

async function readVersion(): Promise<string | undefined> {
  try {
    const path = findPackageJSON(libraryName, import.meta.url);
    const manifest: unknown = path === undefined ? {} : JSON.parse(await readFile(path, "utf8"));
    const { version } = manifest as { readonly version?: unknown };
    return typeof version === "string" ? version : undefined;
  } catch {
    return undefined;
  }
}
