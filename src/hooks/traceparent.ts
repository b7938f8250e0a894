import type { SpanIds } from "../lifecycle/state.ts";

/** The W3C `traceparent` of a span. Ids without flags are said to be recorded, as ours are by default. */
export function formatTraceparent(ids: SpanIds): string {
  const flags = ids.traceFlags === undefined ? "01" : ids.traceFlags.toString(16).padStart(2, "0");
  return `00-${ids.traceId}-${ids.spanId}-${flags}`;
}
