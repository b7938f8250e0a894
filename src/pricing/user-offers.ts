import { createRateCard, type Rate } from "./cost.ts";
import type { PriceEntry } from "./price-file.ts";
import type { PriceOffer } from "./price-offer.ts";
import { canonicalProvider } from "./providers.ts";

/** Answers which of the user's own prices are meant for a model. */
export type UserOffers = (provider: string | undefined, model: string) => readonly PriceOffer[];

/**
 * Prepares the user's prices. The order says which wins: a whole name before a pattern, an entry
 * with a provider before one without, a longer pattern before a shorter one, a later `from` before
 * an earlier one, and the last in the file where all that is equal.
 */
export function createUserOffers(entries: readonly PriceEntry[]): UserOffers {
  const ranked = entries
    .toReversed()
    .map((entry) => ({ entry, offer: toUserOffer(entry) }))
    .sort((a, b) => compareRanks(rankOf(a.entry), rankOf(b.entry)));
  return (provider, model) => {
    const name = model.trim().toLowerCase();
    const providerId = provider === undefined ? undefined : canonicalProvider(provider);
    return ranked.filter(({ entry }) => matches(entry, providerId, name)).map(({ offer }) => offer);
  };
}

/** Turns an entry of the file into an offer. */
export function toUserOffer(entry: PriceEntry): PriceOffer {
  return {
    source: "user",
    provider: entry.provider,
    model: entry.model,
    card: createRateCard([
      rate("input", entry.inputPerMillion),
      rate("output", entry.outputPerMillion),
      ...optionalRate("cacheRead", entry.cacheReadPerMillion),
      ...optionalRate("cacheWrite", entry.cacheWritePerMillion),
    ]),
    otherUnits: [],
    validity: entry.from === undefined ? {} : { fromMs: Date.parse(entry.from) },
  };
}

function rate(kind: Rate["kind"], usd: number): Rate {
  return { kind, usd, tiers: [] };
}

function optionalRate(kind: Rate["kind"], usd: number | undefined): readonly Rate[] {
  return usd === undefined ? [] : [rate(kind, usd)];
}

function rankOf({ model, provider, from }: PriceEntry): readonly number[] {
  return [
    model.includes("*") ? 0 : 1,
    provider === undefined ? 0 : 1,
    model.length,
    from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(from),
  ];
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const differing = a.findIndex((value, index) => value !== b[index]);
  return differing < 0 ? 0 : (b[differing] ?? 0) - (a[differing] ?? 0);
}

function matches(entry: PriceEntry, providerId: string | undefined, name: string): boolean {
  if (entry.provider !== undefined && canonicalProvider(entry.provider) !== providerId)
    return false;
  const pattern = entry.model.toLowerCase();
  const text = pattern.replaceAll("*", "");
  if (pattern === "*") return true;
  if (pattern.startsWith("*") && pattern.endsWith("*")) return name.includes(text);
  if (pattern.startsWith("*")) return name.endsWith(text);
  if (pattern.endsWith("*")) return name.startsWith(text);
  return name === text;
}
