import type { RateCard } from "./cost.ts";

/** Whose price it is: the price library's data, or the user's own file. */
export type PriceSource = "genai-prices" | "user";

/** When a price holds. Empty: always. A later start wins over an earlier one. */
export interface Validity {
  /** Epoch milliseconds, inclusive. */
  readonly fromMs?: number;
  /** Seconds of the UTC day, the end exclusive; an end before the start runs over midnight. */
  readonly dailyUtc?: { readonly fromSecond: number; readonly untilSecond: number };
}

/** One price of a model, with where it comes from and when it holds. */
export interface PriceOffer {
  readonly source: PriceSource;
  /** The library's id of the provider, or what the user's entry names, if it does. */
  readonly provider: string | undefined;
  /** The matched model: the library's id, or the user's name or pattern. */
  readonly model: string;
  /** `undefined` where the model has a price, but none by tokens (audio by the hour, pages). */
  readonly card: RateCard | undefined;
  /** Units that have a price which token counts cannot tell: searches, audio, pages. */
  readonly otherUnits: readonly string[];
  readonly validity: Validity;
}

/** Says whether an offer holds at a time in epoch milliseconds. */
export function isValidAt({ fromMs, dailyUtc }: Validity, atMs: number): boolean {
  if (fromMs !== undefined && atMs < fromMs) return false;
  if (dailyUtc === undefined) return true;
  const second = (((atMs % 86_400_000) + 86_400_000) % 86_400_000) / 1000;
  const { fromSecond, untilSecond } = dailyUtc;
  if (untilSecond < fromSecond) return second >= fromSecond || second < untilSecond;
  return second >= fromSecond && second < untilSecond;
}
