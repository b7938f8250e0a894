import type { Rate } from "../../pricing/cost.ts";
import type { PriceOffer } from "../../pricing/price-offer.ts";
import { findEndMs, type PriceOverview, type PriceQuestion } from "./price-question.ts";

/** Writes the answer as one JSON document; `price` is null where none is known. */
export function priceJson(question: PriceQuestion): string {
  const { model, provider, at, offer, offers } = question;
  const price = offer?.card === undefined ? null : offerJson(offer, question);
  const others = offers
    .filter((other) => other !== offer)
    .map((other) => offerJson(other, question));
  const asked = { model, provider: provider ?? null, at: new Date(at).toISOString() };
  return `${JSON.stringify({ ...asked, price, others }, undefined, 2)}\n`;
}

/** Writes the overview as one JSON document. */
export function overviewJson({ book, userFile, library }: PriceOverview): string {
  const user = { file: userFile ?? null, entries: book.userEntries };
  return `${JSON.stringify({ user, library: { name: "genai-prices", ...library } }, undefined, 2)}\n`;
}

function offerJson(offer: PriceOffer, question: PriceQuestion): object {
  const { validity, card, ...rest } = offer;
  const untilMs = findEndMs(offer, question.offers);
  return {
    ...rest,
    provider: offer.provider ?? null,
    sourceVersion: offer.source === "user" ? null : (question.libraryVersion ?? null),
    sourceFile: offer.source === "user" ? (question.userFile ?? null) : null,
    from: validity.fromMs === undefined ? null : new Date(validity.fromMs).toISOString(),
    until: untilMs === undefined ? null : new Date(untilMs).toISOString(),
    dailyUtc: validity.dailyUtc ?? null,
    usdPerMillionTokens: card === undefined ? null : ratesJson(card.rates),
    usdPerRequest: requestUsd(card?.rates ?? []),
  };
}

function ratesJson(rates: readonly Rate[]): object {
  const byTokens = rates.filter(({ kind }) => kind !== "request");
  return Object.fromEntries(byTokens.map(({ kind, usd, tiers }) => [kind, { usd, tiers }]));
}

function requestUsd(rates: readonly Rate[]): number | null {
  const rate = rates.find(({ kind }) => kind === "request");
  return rate === undefined ? null : rate.usd / 1000;
}
