/** Ids of a span as SDKs and our own states have them. */
export interface CarrierSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Absent where nobody sampled: then the trace is said to be recorded, as ours are by default. */
  readonly traceFlags?: number | undefined;
}

/** The W3C `traceparent` of a span. */
export function formatTraceparent(span: CarrierSpan): string {
  const flags = span.traceFlags === undefined ? "01" : span.traceFlags.toString(16).padStart(2, "0");
  return `00-${span.traceId}-${span.spanId}-${flags}`;
}
