import type { Totals } from "../server/api-types.ts";

/** Epoch milliseconds as local date and time. The Swedish write them as ISO 8601 does. */
export const formatTime = (timeMs: number): string =>
  new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" }).format(timeMs);

const steps = [
  { ms: 3_600_000, unit: "h" },
  { ms: 60_000, unit: "min" },
  { ms: 1000, unit: "s" },
] as const;

export function formatDuration(durationMs: number | null): string {
  if (durationMs === null) return "";
  const step = steps.find(({ ms }) => durationMs >= ms);
  if (step !== undefined) return `${(durationMs / step.ms).toFixed(1)} ${step.unit}`;
  return durationMs >= 10 ? `${Math.round(durationMs)} ms` : `${durationMs.toFixed(1)} ms`;
}

/** Nano-dollars to the cent, or to the fourth digit that says something. */
export function formatCost(nanoUsd: number): string {
  const usd = nanoUsd / 1e9;
  if (usd === 0) return "$0";
  return usd >= 1 ? `$${usd.toFixed(2)}` : `$${Number(usd.toPrecision(4))}`;
}

/** Known cost, and how many calls have none. */
export function formatTotalCost({ nanoUsd, modelCalls, unknownCostCalls }: Totals): string {
  if (modelCalls === 0) return "";
  const known = unknownCostCalls === modelCalls ? "" : formatCost(nanoUsd);
  const unknown = unknownCostCalls === 0 ? "" : `${unknownCostCalls} unknown`;
  return [known, unknown].filter((part) => part !== "").join(" + ");
}
