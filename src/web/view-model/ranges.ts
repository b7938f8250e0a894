/** Spans of time that a report can be asked for, in local days. */

export const ranges = {
  today: { label: "Today", days: 1 },
  "7d": { label: "7 days", days: 7 },
  "30d": { label: "30 days", days: 30 },
  "90d": { label: "90 days", days: 90 },
} as const;
export type RangeName = keyof typeof ranges;

export const DEFAULT_RANGE: RangeName = "30d";

export const isRangeName = (name: string | null): name is RangeName =>
  name !== null && Object.hasOwn(ranges, name);

/** Midnight of a local day, some days before the one of a moment: summer time moves no midnight. */
function startOfLocalDay(nowMs: number, daysBefore = 0): number {
  const now = new Date(nowMs);
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - daysBefore).getTime();
}

/** When a range begins; it ends now. */
export const startOfRange = (name: RangeName, nowMs: number): number =>
  startOfLocalDay(nowMs, ranges[name].days - 1);

/** The beginnings of the local days of a range, oldest first. */
export const daysOfRange = (name: RangeName, nowMs: number): number[] =>
  Array.from({ length: ranges[name].days }, (_, place) =>
    startOfLocalDay(nowMs, ranges[name].days - 1 - place),
  );

/** A local day as the API names it. */
export function nameOfDay(ms: number): string {
  const day = new Date(ms);
  const two = (figure: number): string => String(figure).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}
