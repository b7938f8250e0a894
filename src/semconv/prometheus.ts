import type { MetricDefinition } from "./metrics.ts";

const UNITS: Readonly<Record<string, string>> = { s: "seconds", ms: "milliseconds", By: "bytes" };

/**
 * A metric's name in Prometheus: dots become underscores, a real unit becomes a suffix, annotations in
 * braces are dropped, counters end in `_total` (OpenTelemetry's Prometheus compatibility rules).
 */
export function prometheusName(name: string, metric: MetricDefinition): string {
  const unit = UNITS[metric.unit];
  const suffixes = [unit, metric.kind === "counter" ? "total" : undefined];
  const base = name.replaceAll(/[^A-Za-z0-9_:]/g, "_");
  return [base, ...suffixes.filter((suffix) => suffix !== undefined)].join("_");
}
