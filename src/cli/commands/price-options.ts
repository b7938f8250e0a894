import { CodedError } from "../../base/errors.ts";
import { PriceDate } from "../../pricing/price-file.ts";

/** Takes the one MODEL, if it was given. */
export function readModel(positionals: readonly string[]): string | undefined {
  const [model, surplus] = positionals;
  if (surplus === undefined) return model;
  throw new CodedError("USAGE", `One MODEL only; ${JSON.stringify(surplus)} is one too many`);
}

/** Reads an amount of US dollars; PRICES_USAGE names what is none. */
export function readDollars(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^(\d+\.?\d*|\.\d+)$/.test(text)) return Number(text);
  throw new CodedError(
    "PRICES_USAGE",
    `${name} ${JSON.stringify(text)} is no price; give US dollars per million tokens, such as 3 or 0.25`,
  );
}

/** Checks a date or a time; PRICES_USAGE names what is none. */
export function readDate(name: string, text: string): string {
  if (PriceDate.safeParse(text).success) return text;
  throw new CodedError(
    "PRICES_USAGE",
    `${name} ${JSON.stringify(text)} is no date; write 2026-11-21 or 2026-11-21T09:30:00Z`,
  );
}
