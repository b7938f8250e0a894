/** How amounts and times are written: the one place for it. What is no number is written as a dash. */

export const DASH = "–";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Ends of days differ by locale only in words; figures are the same everywhere so that they can be compared. */
const LOCALE = "en-GB";
const NANO_PER_USD = 1e9;

const isNumber = (value: number | null | undefined): value is number =>
  value != null && Number.isFinite(value);

const counts = new Intl.NumberFormat("en-US");
const dollars = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
});
const smallDollars = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  minimumFractionDigits: 2,
  maximumFractionDigits: 9,
  minimumSignificantDigits: 1,
  maximumSignificantDigits: 3,
});

/** Nano-dollars as dollars: to the cent from a dollar on, else three figures, so that a small sum is not 0. */
export function formatUsd(nanoUsd: number | null | undefined): string {
  if (!isNumber(nanoUsd)) return DASH;
  const usd = nanoUsd / NANO_PER_USD;
  if (usd === 0) return "$0";
  return Math.abs(usd) >= 1 ? dollars.format(usd) : smallDollars.format(usd);
}

export const formatCount = (count: number | null | undefined): string =>
  isNumber(count) ? counts.format(count) : DASH;

/** `1 turn`, `2 turns`. */
export const countOf = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

/** Tokens: exact up to 9,999, then thousands and millions with one decimal. */
export function formatTokens(tokens: number | null | undefined): string {
  if (!isNumber(tokens)) return DASH;
  if (tokens < 10_000) return counts.format(tokens);
  if (tokens < 999_950) return `${trimZero((tokens / 1e3).toFixed(1))}k`;
  if (tokens < 999_950_000) return `${trimZero((tokens / 1e6).toFixed(1))}M`;
  return `${trimZero((tokens / 1e9).toFixed(1))}B`;
}

const trimZero = (figure: string): string => figure.replace(/\.0$/, "");

/** A share of a whole in percent; a dash where there is no whole. */
export const formatShare = (part: number, whole: number): string =>
  whole > 0 && isNumber(part) ? `${Math.round((part / whole) * 100)} %` : DASH;

const byteUnits = ["B", "kB", "MB", "GB", "TB"] as const;

export function formatBytes(bytes: number | null | undefined): string {
  if (!isNumber(bytes)) return DASH;
  const power = Math.min(Math.max(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), 0), 4);
  const figure = bytes / 1000 ** power;
  return `${trimZero(figure.toFixed(power === 0 || figure >= 100 ? 0 : 1))} ${byteUnits[power]}`;
}

const twoDigits = (figure: number): string => String(figure).padStart(2, "0");

/** Milliseconds in the two largest units that say something. */
export function formatDuration(ms: number | null | undefined): string {
  if (!isNumber(ms)) return DASH;
  if (ms < 1) return ms <= 0 ? "0 ms" : "<1 ms";
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_995) return `${(ms / SECOND_MS).toFixed(2)} s`;
  if (ms < 59_950) return `${(ms / SECOND_MS).toFixed(1)} s`;
  const seconds = Math.round(ms / SECOND_MS);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${twoDigits(seconds % 60)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} m`;
  return `${Math.floor(minutes / (24 * 60))} d ${Math.floor(minutes / 60) % 24} h`;
}

/** A time on an axis that ends at `wholeMs`: in its unit, without the zeros that figures in a column have. */
export function formatTick(ms: number, wholeMs: number): string {
  if (ms === 0) return "0";
  if (wholeMs < SECOND_MS) return `${Number(ms.toPrecision(2))} ms`;
  if (wholeMs < MINUTE_MS) return `${Number((ms / SECOND_MS).toPrecision(2))} s`;
  return formatDuration(ms);
}

const clock = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit" });
const fullClock = new Intl.DateTimeFormat(LOCALE, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const dayOfYear = new Intl.DateTimeFormat(LOCALE, {
  weekday: "short",
  day: "numeric",
  month: "short",
});
const dayOfAnyYear = new Intl.DateTimeFormat(LOCALE, {
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
});
const whole = new Intl.DateTimeFormat(LOCALE, { dateStyle: "full", timeStyle: "long" });

/** What `Intl` can write: other times are past what a Date holds. */
const isTime = (ms: number | null | undefined): ms is number =>
  isNumber(ms) && Math.abs(ms) <= 8.64e15;

export const formatClock = (ms: number | null | undefined): string =>
  isTime(ms) ? clock.format(ms) : DASH;
export const formatClockSeconds = (ms: number | null | undefined): string =>
  isTime(ms) ? fullClock.format(ms) : DASH;
export const formatMoment = (ms: number | null | undefined): string =>
  isTime(ms) ? whole.format(ms) : DASH;

const startOfDay = (ms: number): number => new Date(ms).setHours(0, 0, 0, 0);

/** A local day: today and yesterday by name. */
export function formatDay(ms: number, nowMs: number): string {
  if (!isTime(ms)) return DASH;
  const daysAgo = Math.round((startOfDay(nowMs) - startOfDay(ms)) / DAY_MS);
  if (daysAgo === 0) return "Today";
  if (daysAgo === 1) return "Yesterday";
  const isThisYear = new Date(ms).getFullYear() === new Date(nowMs).getFullYear();
  return (isThisYear ? dayOfYear : dayOfAnyYear).format(ms);
}

/** How long ago a moment was; past a day it is the day and the time. */
export function formatAgo(ms: number | null | undefined, nowMs: number): string {
  if (!isTime(ms)) return DASH;
  const ago = nowMs - ms;
  if (ago < 5 * SECOND_MS) return "now";
  if (ago < MINUTE_MS) return `${Math.floor(ago / SECOND_MS)} s ago`;
  if (ago < HOUR_MS) return `${Math.floor(ago / MINUTE_MS)} min ago`;
  if (ago < DAY_MS) return `${Math.floor(ago / HOUR_MS)} h ago`;
  return `${formatDay(ms, nowMs)}, ${formatClock(ms)}`;
}
