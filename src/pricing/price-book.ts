import { computeCostNanoUsd, type TokenUsage } from "./cost.ts";
import { type PriceEntry, readPriceFile } from "./price-file.ts";
import { loadPriceLibrary, type PriceLibrary } from "./price-library.ts";
import { isValidAt, type PriceOffer, type PriceSource } from "./price-offer.ts";
import { createUserOffers } from "./user-offers.ts";

/** A finished model call to be priced. */
export interface CallToPrice {
  /** The provider as the host names it; where it is absent, the model's name decides. */
  readonly provider?: string | undefined;
  /** The model that answered. */
  readonly model: string;
  /** When the call was made: a Date, or epoch milliseconds. */
  readonly at: Date | number;
  readonly usage: TokenUsage;
}

/** What a call costs at list price. */
interface PricedCost {
  /** Integer nano-dollars (1e-9 USD). */
  readonly nanoUsd: number;
  readonly source: PriceSource;
  /** The provider and model that the price is listed under. */
  readonly provider: string | undefined;
  readonly model: string;
}

/** Prices from the user's own file, then from genai-prices. Nothing here uses the network. */
export interface PriceBook {
  /** Prices one call; `undefined` where no price is known or the counts are odd. Never throws. */
  price(call: CallToPrice): PricedCost | undefined;
  /** Finds the price that holds at a time, or `undefined`. */
  find(provider: string | undefined, model: string, at: Date | number): PriceOffer | undefined;
  /** Lists all prices of a model whatever the time, the first that is valid applies. */
  list(provider: string | undefined, model: string): readonly PriceOffer[];
  /** The user's own entries, in file order. */
  readonly userEntries: readonly PriceEntry[];
  /** Reads the version of the price library, and how many models it knows. */
  readonly describeLibrary: PriceLibrary["describe"];
}

export interface PriceBookOptions {
  /** Path of the user's price file; it need not exist. Default: no file. */
  readonly userFile?: string | undefined;
}

/** Looked-up (provider, model) pairs that are kept; one more, and all are looked up anew. */
const maxKeptModels = 4096;

/**
 * Loads the price data and the user's file.
 * Throws PRICES_FILE_INVALID, naming the file and the path of every wrong value.
 */
export async function createPriceBook(options: PriceBookOptions = {}): Promise<PriceBook> {
  const { userFile } = options;
  const [library, userEntries] = await Promise.all([
    loadPriceLibrary(),
    userFile === undefined ? [] : readPriceFile(userFile),
  ]);
  const userOffers = createUserOffers(userEntries);
  const list = keepOffers((provider, model) => [
    ...userOffers(provider, model),
    ...library.listOffers(provider, model),
  ]);
  const find: PriceBook["find"] = (provider, model, at) => findValid(list(provider, model), at);
  const price: PriceBook["price"] = (call) => {
    try {
      return priceAt(find(call.provider, call.model, call.at), call.usage);
    } catch {
      // What a host reports is not typed at run time, and a price is never worth its turn.
      return undefined;
    }
  };
  return { price, find, list, userEntries, describeLibrary: library.describe };
}

function priceAt(offer: PriceOffer | undefined, usage: TokenUsage): PricedCost | undefined {
  if (offer?.card === undefined) return undefined;
  const nanoUsd = computeCostNanoUsd(usage, offer.card);
  if (nanoUsd === undefined) return undefined;
  return { nanoUsd, source: offer.source, provider: offer.provider, model: offer.model };
}

function findValid(offers: readonly PriceOffer[], at: Date | number): PriceOffer | undefined {
  const atMs = at instanceof Date ? at.getTime() : at;
  if (!Number.isFinite(atMs)) return undefined;
  for (const offer of offers) {
    if (isValidAt(offer.validity, atMs)) return offer;
  }
  return undefined;
}

/** Two maps rather than one joined key: a name is hashed once, a joined key at every call. */
function keepOffers(list: PriceBook["list"]): PriceBook["list"] {
  const kept = new Map<string | undefined, Map<string, readonly PriceOffer[]>>();
  let count = 0;
  return (provider, model) => {
    const known = kept.get(provider)?.get(model);
    if (known !== undefined) return known;
    const offers = list(provider, model);
    if (count >= maxKeptModels) {
      kept.clear();
      count = 0;
    }
    const models = kept.get(provider) ?? new Map<string, readonly PriceOffer[]>();
    kept.set(provider, models.set(model, offers));
    count += 1;
    return offers;
  };
}
