/**
 * Token counts of one model call. `inputTokens` includes cached and cache-write tokens,
 * `outputTokens` includes reasoning tokens, `cacheWriteTokens` includes those kept for an hour.
 * An absent count was not reported; it is priced as none.
 */
export interface TokenUsage {
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly cacheReadTokens?: number | undefined;
  readonly cacheWriteTokens?: number | undefined;
  readonly cacheWrite1hTokens?: number | undefined;
  readonly reasoningTokens?: number | undefined;
}

/** What has a price of its own: a kind of token, or the request itself. */
export type RateKind =
  | "input"
  | "output"
  | "cacheRead"
  | "cacheWrite"
  | "cacheWrite1h"
  | "reasoning"
  | "request";

/** Above this many input tokens in one call, another rate holds for all tokens of the kind. */
interface RateTier {
  readonly aboveInputTokens: number;
  readonly usd: number;
}

/** A list price in USD: per million tokens, or per thousand for `request`. */
export interface Rate {
  readonly kind: RateKind;
  readonly usd: number;
  readonly tiers: readonly RateTier[];
}

/** Rates made ready for use by `createRateCard`. No rates at all means free of charge. */
export interface RateCard {
  readonly rates: readonly Rate[];
  readonly lines: readonly RateLine[];
}

interface RateLine extends Rate {
  /** The parts of this kind that have a rate of their own and are charged there. */
  readonly chargedApart: readonly TokenField[];
  readonly sum: "input" | "output" | "other";
  readonly per: number;
}

type TokenKind = Exclude<RateKind, "request">;
type TokenField = keyof TokenUsage;

const fields = {
  input: "inputTokens",
  output: "outputTokens",
  cacheRead: "cacheReadTokens",
  cacheWrite: "cacheWriteTokens",
  cacheWrite1h: "cacheWrite1hTokens",
  reasoning: "reasoningTokens",
} as const satisfies Record<TokenKind, TokenField>;

/** All kinds that are counted within a kind. */
const parts: Readonly<Record<TokenKind, readonly TokenKind[]>> = {
  input: ["cacheRead", "cacheWrite", "cacheWrite1h"],
  output: ["reasoning"],
  cacheRead: [],
  cacheWrite: ["cacheWrite1h"],
  cacheWrite1h: [],
  reasoning: [],
};

const allFields = Object.values(fields);

/** Prepares rates for `computeCostNanoUsd`, in the order given: doubles are added in that order. */
export function createRateCard(rates: readonly Rate[]): RateCard {
  const priced = new Set(rates.map((rate) => rate.kind));
  return { rates, lines: rates.map((rate) => toLine(rate, priced)) };
}

/**
 * Computes what one call costs, in integer nano-dollars.
 *
 * The arithmetic is that of genai-prices' `calcPrice`, operation by operation, so the dollars are
 * the same double; they are rounded once, `Math.round(usd * 1e9)`, halves up. A kind without a rate
 * is charged as the kind that it is part of: cached tokens as input, reasoning as output.
 *
 * `undefined` where there is no count, where a count is not a whole number ≥ 0, where the parts
 * exceed the whole or the whole is missing, and where the result is no safe integer.
 */
export function computeCostNanoUsd(usage: TokenUsage, card: RateCard): number | undefined {
  if (!hasSoundCounts(usage)) return undefined;
  const sums = { input: 0, output: 0, other: 0 };
  for (const line of card.lines) {
    const count = countOf(line, usage);
    if (count === undefined) return undefined;
    sums[line.sum] += chargeUsd(line, count, usage);
  }
  const nanoUsd = Math.round((sums.input + sums.output + sums.other) * 1e9);
  return Number.isSafeInteger(nanoUsd) ? nanoUsd : undefined;
}

function toLine(rate: Rate, priced: ReadonlySet<RateKind>): RateLine {
  const { kind } = rate;
  if (kind === "request") return { ...rate, chargedApart: [], sum: "other", per: 1e3 };
  const pricedParts = parts[kind].filter((part) => priced.has(part));
  const nearest = pricedParts.filter((part) => !pricedParts.some((p) => parts[p].includes(part)));
  const sum = kind === "output" || parts.output.includes(kind) ? "output" : "input";
  return { ...rate, chargedApart: nearest.map((part) => fields[part]), sum, per: 1e6 };
}

function hasSoundCounts(usage: TokenUsage): boolean {
  let reported = false;
  for (const field of allFields) {
    const count = usage[field];
    if (count == null) continue;
    if (!Number.isSafeInteger(count) || count < 0) return false;
    reported = true;
  }
  return reported;
}

/** How many tokens the line charges for: those of its kind, less the parts charged apart. */
function countOf(line: RateLine, usage: TokenUsage): number | undefined {
  if (line.kind === "request") return 1;
  const whole = usage[fields[line.kind]];
  if (whole == null) return parts[line.kind].some((part) => usage[fields[part]]) ? undefined : 0;
  let rest = whole;
  for (const field of line.chargedApart) rest -= usage[field] ?? 0;
  return rest < 0 ? undefined : rest;
}

/** Kept in the library's shape, `× 1e6 / per` included: reordering it would change the last bit. */
function chargeUsd(line: RateLine, count: number, usage: TokenUsage): number {
  if (line.tiers.length === 0) return (line.usd * count) / line.per;
  if (count <= 0) return 0;
  let usd = line.usd;
  for (const tier of line.tiers) {
    if ((usage.inputTokens ?? 0) > tier.aboveInputTokens) usd = tier.usd;
  }
  return (((usd * count) / 1e6) * 1e6) / line.per;
}
