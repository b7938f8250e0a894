import type { PriceBook } from "../../pricing/price-book.ts";
import type { PriceOffer } from "../../pricing/price-offer.ts";

/** What was asked about a model's price, and what the price book knows. */
export interface PriceQuestion {
  readonly model: string;
  readonly provider: string | undefined;
  readonly at: number;
  readonly userFile: string | undefined;
  /** The price that holds at the time asked for. */
  readonly offer: PriceOffer | undefined;
  /** All prices of the model, the first that is valid applies. */
  readonly offers: readonly PriceOffer[];
  /** What the model's name alone would find, where a provider was given. */
  readonly elsewhere: PriceOffer | undefined;
  readonly libraryVersion: string | undefined;
}

/** What `prices show` says without a model. */
export interface PriceOverview {
  readonly book: PriceBook;
  readonly userFile: string | undefined;
  readonly library: { readonly version: string | undefined; readonly modelCount: number };
}

/** Asks the price book. */
export async function askPrice(
  book: PriceBook,
  asked: Pick<PriceQuestion, "model" | "provider" | "at" | "userFile">,
): Promise<PriceQuestion> {
  const { model, provider, at } = asked;
  const { version } = await book.describeLibrary();
  return {
    ...asked,
    offer: book.find(provider, model, at),
    offers: book.list(provider, model),
    elsewhere: provider === undefined ? undefined : book.find(undefined, model, at),
    libraryVersion: version,
  };
}

/** Finds when an offer ends: where one that comes before it in the list begins. */
export function findEndMs(offer: PriceOffer, offers: readonly PriceOffer[]): number | undefined {
  const { fromMs = Number.NEGATIVE_INFINITY, dailyUtc } = offer.validity;
  if (dailyUtc !== undefined) return undefined;
  const before = offers.slice(0, Math.max(0, offers.indexOf(offer)));
  const starts = before.flatMap(({ validity }) => validity.fromMs ?? []);
  const endMs = Math.min(...starts.filter((startMs) => startMs > fromMs));
  return Number.isFinite(endMs) ? endMs : undefined;
}
