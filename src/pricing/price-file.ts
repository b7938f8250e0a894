import { mkdir, readFile, readlink, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { CodedError } from "../base/errors.ts";
import { isErrno, replaceFile } from "../base/files.ts";
import { findConfigFolder } from "../base/user-folders.ts";

const dollars = z.number().nonnegative();

/** A calendar day, or a time with its zone. */
export const PriceDate = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: "expected a date such as 2026-11-21, or 2026-11-21T00:00:00Z",
});

/** One price of the user's own, in USD per million tokens. */
export const PriceEntry = z.strictObject({
  /** Where it is absent, the price holds for the model at every provider. */
  provider: z.string().trim().min(1).exactOptional(),
  /** The model's name, or a pattern with `*` at its start, its end or both. */
  model: z
    .string()
    .trim()
    .regex(/^(\*|\*?[^*]+\*?)$/, "expected a model's name, with * at its start or end only"),
  inputPerMillion: dollars,
  outputPerMillion: dollars,
  /** Cached tokens are charged as input where these are absent. */
  cacheReadPerMillion: dollars.exactOptional(),
  cacheWritePerMillion: dollars.exactOptional(),
  /** The first moment it holds; a day starts at midnight UTC. Default: it always held. */
  from: PriceDate.exactOptional(),
});
export type PriceEntry = Readonly<z.infer<typeof PriceEntry>>;

const PriceFile = z.strictObject({ version: z.literal(1), prices: z.array(PriceEntry) });

/**
 * Finds the place of the user's price file: `$XDG_CONFIG_HOME/turnspan/prices.json`, by default
 * `~/.config/turnspan/prices.json`. `undefined` where the environment names no home.
 */
export function findPriceFile(
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const folder = findConfigFolder(env);
  return folder && join(folder, "prices.json");
}

/**
 * Reads the user's prices; a file that does not exist has none.
 * Throws PRICES_FILE_INVALID, naming the file and the path of every wrong value.
 */
export async function readPriceFile(path: string): Promise<readonly PriceEntry[]> {
  const text = await readText(path);
  if (text === undefined) return [];
  const parsed = PriceFile.safeParse(parseJson(text, path));
  if (parsed.success) return parsed.data.prices;
  const problems = parsed.error.issues.map(
    (issue) => `\n  ${pathText(issue.path)}: ${issue.message}`,
  );
  throw invalid(path, `has wrong values:${problems.join("")}`);
}

/**
 * Replaces the price file atomically: mode 0600, a symbolic link followed. Throws PRICES_FILE_INVALID
 * where it cannot be written.
 */
export async function writePriceFile(path: string, prices: readonly PriceEntry[]): Promise<void> {
  try {
    await makePriceFolder(path);
    const target = await realpath(path).catch(() => path);
    await replaceFile(target, `${JSON.stringify({ version: 1, prices }, undefined, 2)}\n`);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/** Makes the folder that the price file lies in. */
export async function makePriceFolder(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (!isErrno(cause, "ENOENT"))
      throw invalid(path, `cannot be read: ${messageOf(cause)}`, cause);
  }
  await refuseBrokenLink(path);
  return undefined;
}

/** A link that leads nowhere was meant to lead to prices: to go on without them would be wrong and silent. */
async function refuseBrokenLink(path: string): Promise<void> {
  const target = await readlink(path).catch(() => undefined);
  if (target === undefined) return;
  const problem = `is a symbolic link to ${target}, which does not exist: put the file there, or remove the link`;
  throw invalid(path, problem);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(path, `is not JSON: ${messageOf(cause)}`, cause);
  }
}

function invalid(path: string, problem: string, cause?: unknown): CodedError {
  return new CodedError("PRICES_FILE_INVALID", `The price file ${path} ${problem}`, { cause });
}

function unwritable(path: string, cause: unknown): CodedError {
  return cause instanceof CodedError
    ? cause
    : invalid(path, `cannot be written: ${messageOf(cause)}`, cause);
}

function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`));
  return text.join("").replace(/^\./, "") || "(the whole file)";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
