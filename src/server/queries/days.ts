/** A day in some time zone. */
export interface Day {
  /** YYYY-MM-DD. */
  readonly name: string;
  readonly startMs: number;
}

const HOUR_MS = 3_600_000;
const QUARTER_MS = 900_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Names the day of a time. The Swedish write dates as ISO 8601 does. */
function dayName(timeMs: number, timeZone: string): string {
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat("sv-SE", { timeZone });
  formats.set(timeZone, format);
  return format.format(timeMs);
}

/** The first quarter of an hour of the day that a time is in: days begin at one in every time zone. */
function startOfDay(timeMs: number, timeZone: string): number {
  const name = dayName(timeMs, timeZone);
  let start = Math.floor(timeMs / QUARTER_MS) * QUARTER_MS;
  for (const step of [HOUR_MS, QUARTER_MS]) {
    while (dayName(start - step, timeZone) === name) start -= step;
  }
  return start;
}

/** All days that a span of time touches, oldest first. Days with a clock change have 23 or 25 hours. */
export function listDays(fromMs: number, toMs: number, timeZone: string): Day[] {
  const days: Day[] = [];
  let startMs = startOfDay(fromMs, timeZone);
  while (startMs < toMs) {
    days.push({ name: dayName(startMs, timeZone), startMs });
    // Half a day into the next one, whatever the clocks did.
    startMs = startOfDay(startMs + 36 * HOUR_MS, timeZone);
  }
  return days;
}
