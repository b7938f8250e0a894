import type { CostReport, ErrorReport } from "../../server/api-report-types.ts";
import { nameOfDay } from "./ranges.ts";

/** Columns of a chart: one a day, each of parts that lie on each other. */
export interface Stacks {
  /** Names of the parts, the largest first. */
  readonly series: readonly string[];
  readonly days: readonly DayStack[];
  readonly most: number;
}

export interface DayStack {
  readonly startMs: number;
  readonly total: number;
  /** One value a series, in its order. */
  readonly values: readonly number[];
}

/** Parts past these are drawn as one. */
const MAX_SERIES = 5;
const OTHER_SERIES = "others";
const UNKNOWN_SERIES = "unknown";

/** Cost a day by what it was split by; days without any are there too. */
export function stackCost(report: CostReport, dayStarts: readonly number[]): Stacks {
  const sums = new Map<string, number>();
  for (const { key, totals } of report.rows) {
    const name = key ?? UNKNOWN_SERIES;
    if (totals.nanoUsd > 0) sums.set(name, (sums.get(name) ?? 0) + totals.nanoUsd);
  }
  const named = [...sums].toSorted(([, one], [, other]) => other - one).map(([name]) => name);
  const shown = named.slice(0, MAX_SERIES);
  const series = named.length > MAX_SERIES ? [...shown, OTHER_SERIES] : shown;
  const byDay = Map.groupBy(report.rows, ({ day }) => day);
  const days = dayStarts.map((startMs): DayStack => {
    const values = series.map(() => 0);
    for (const { key, totals } of byDay.get(nameOfDay(startMs)) ?? []) {
      const place = series.indexOf(key ?? UNKNOWN_SERIES);
      const at = place === -1 ? series.length - 1 : place;
      if (at >= 0) values[at] = (values[at] ?? 0) + totals.nanoUsd;
    }
    return { startMs, values, total: sum(values) };
  });
  return { series, days, most: mostOf(days) };
}

/** Turns a day: those that failed, and the rest. */
export function stackTurns(report: ErrorReport, dayStarts: readonly number[]): Stacks {
  const byDay = new Map(report.days.map((day) => [day.day, day]));
  const days = dayStarts.map((startMs): DayStack => {
    const { turns = 0, failedTurns = 0 } = byDay.get(nameOfDay(startMs)) ?? {};
    return { startMs, values: [failedTurns, turns - failedTurns], total: turns };
  });
  return { series: ["failed", "others"], days, most: mostOf(days) };
}

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);
const mostOf = (days: readonly DayStack[]): number =>
  days.reduce((most, { total }) => Math.max(most, total), 0);
