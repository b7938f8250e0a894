import { CodedError } from "../../base/errors.ts";

/** Which day a moment falls on, in one time zone. Days are written `2026-11-21`. */
export interface Calendar {
  readonly timezone: string;
  dayOf(timeMs: number): string;
  /** The first moment of a day; where a clock change leaves out midnight, the first one after it. */
  startOf(day: string): number;
}

const DAY_MS = 86_400_000;
/** Clocks are never further from UTC than this, and change at whole quarters of an hour. */
const FARTHEST_MS = 15 * 3_600_000;
const QUARTER_MS = 900_000;

/** Opens a time zone; USAGE where there is none of that name. Default: the machine's. */
export function openCalendar(timezone: string | undefined): Calendar {
  const format = openFormat(timezone);
  const dayAt = (timeMs: number): string => {
    const parts = new Map(format.formatToParts(timeMs).map(({ type, value }) => [type, value]));
    return `${parts.get("year")}-${parts.get("month")}-${parts.get("day")}`;
  };
  let quarter = Number.NaN;
  let day = "";
  return {
    timezone: format.resolvedOptions().timeZone,
    dayOf(timeMs) {
      const at = Math.floor(timeMs / QUARTER_MS);
      if (at !== quarter) {
        quarter = at;
        day = dayAt(timeMs);
      }
      return day;
    },
    startOf: (wanted) => findStart(wanted, dayAt),
  };
}

function openFormat(timezone: string | undefined): Intl.DateTimeFormat {
  const options = { year: "numeric", month: "2-digit", day: "2-digit" } as const;
  try {
    return new Intl.DateTimeFormat("en-US", {
      ...options,
      ...(timezone === undefined ? {} : { timeZone: timezone }),
    });
  } catch (cause) {
    const problem = `--timezone ${JSON.stringify(timezone)} is not known; write it as Europe/Berlin, or UTC`;
    throw new CodedError("USAGE", problem, { cause });
  }
}

/** Days only ever go on, so their first moment is found by halving. */
function findStart(wanted: string, dayAt: (timeMs: number) => string): number {
  const utc = Date.parse(wanted);
  let before = utc - FARTHEST_MS;
  let from = utc + FARTHEST_MS;
  while (from - before > 1) {
    const middle = Math.floor((before + from) / 2);
    if (dayAt(middle) >= wanted) from = middle;
    else before = middle;
  }
  return from;
}

/** The day so many days before another one. */
export const dayBefore = (day: string, days: number): string =>
  new Date(Date.parse(day) - days * DAY_MS).toISOString().slice(0, 10);

/** Reads a day or a moment; USAGE names what is neither. */
export function readMoment(option: string, value: string, calendar: Calendar): number {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(value);
  const isMoment = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(value);
  const timeMs = Date.parse(value);
  const exists = Number.isFinite(timeMs) && (!isDay || dayBefore(value, 0) === value);
  if (exists && isDay) return calendar.startOf(value);
  if (exists && isMoment) return timeMs;
  throw new CodedError(
    "USAGE",
    `${option} ${JSON.stringify(value)} is no date; write 2026-11-21 or 2026-11-21T09:30:00Z`,
  );
}
