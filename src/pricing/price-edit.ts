import { dirname, join } from "node:path";
import { CodedError } from "../base/errors.ts";
import { waitForLock } from "../base/file-lock.ts";
import { makePriceFolder, type PriceEntry, readPriceFile, writePriceFile } from "./price-file.ts";
import { canonicalProvider } from "./providers.ts";

const LOCK_NAME = "prices.lock";

/**
 * Puts an entry into the user's price file, in place of the one for the same model, provider and first
 * moment; says whether there was one. Commands that run at the same time wait for each other, `waitMs` at
 * most (default 30 s). Throws PRICES_FILE_INVALID.
 */
export async function putPrice(
  file: string,
  entry: PriceEntry,
  { waitMs = 30_000 }: { readonly waitMs?: number } = {},
): Promise<"added" | "replaced"> {
  await makePriceFolder(file);
  using _lock = await lockPrices(file, waitMs);
  const known = await readPriceFile(file);
  const key = placeOf(entry);
  const others = known.filter((other) => placeOf(other) !== key);
  await writePriceFile(file, [...others, entry]);
  return others.length < known.length ? "replaced" : "added";
}

/** Two spellings of one provider, or of one moment, are one place: the prices would hide each other. */
function placeOf({ provider, model, from }: PriceEntry): string {
  return JSON.stringify([
    provider === undefined ? null : canonicalProvider(provider),
    model.toLowerCase(),
    from === undefined ? null : Date.parse(from),
  ]);
}

async function lockPrices(file: string, waitMs: number): Promise<Disposable> {
  const path = join(dirname(file), LOCK_NAME);
  const unusable = (problem: string, cause?: unknown): CodedError =>
    new CodedError("PRICES_FILE_INVALID", `The price file ${file} cannot be written: ${problem}`, {
      cause,
    });
  const lock = await waitForLock(path, waitMs).catch((cause: unknown) => {
    throw unusable(`its lock ${path}: ${cause instanceof Error ? cause.message : cause}`, cause);
  });
  if (lock !== undefined) return lock;
  throw unusable(`another process has held ${path} for ${waitMs / 1000} s`);
}
