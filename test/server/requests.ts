/** OTLP requests in JSON, made by hand: what no SDK would send. */

type Value = string | number | boolean;

export interface MadeSpan {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly parentSpanId?: string;
  readonly name?: string;
  readonly startMs?: number;
  readonly endMs?: number;
  readonly status?: 0 | 1 | 2;
  readonly attributes?: Readonly<Record<string, Value>>;
}

const toValue = (value: Value): object => {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
};

const toAttributes = (attributes: Readonly<Record<string, Value>>): object[] =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: toValue(value) }));

const toNano = (ms: number): string => `${BigInt(Math.round(ms * 1000)) * 1000n}`;

/** A plain day in 2026. */
export const DAY_MS = 86_400_000;
export const NOON_MS = Date.parse("2026-11-21T12:00:00Z");

let ids = 0;
/** Ids that are never made twice. */
export const newId = (digits: 16 | 32): string =>
  (++ids)
    .toString(16)
    .padStart(digits - 1, "0")
    .padStart(digits, "a");

export const makeSpan = (span: MadeSpan): object => ({
  traceId: span.traceId ?? newId(32),
  spanId: span.spanId ?? newId(16),
  ...(span.parentSpanId === undefined ? {} : { parentSpanId: span.parentSpanId }),
  name: span.name ?? "span",
  kind: 1,
  startTimeUnixNano: toNano(span.startMs ?? NOON_MS),
  endTimeUnixNano: toNano(span.endMs ?? (span.startMs ?? NOON_MS) + 1000),
  status: { code: span.status ?? 0 },
  attributes: toAttributes(span.attributes ?? {}),
});

export const traceRequest = (spans: readonly unknown[], service = "test"): object => ({
  resourceSpans: [
    {
      resource: { attributes: toAttributes({ "service.name": service }) },
      scopeSpans: [{ scope: { name: "by-hand" }, spans }],
    },
  ],
});

export interface MadeRecord {
  readonly event: string;
  readonly timeMs?: number;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly attributes: Readonly<Record<string, Value>>;
}

export const makeRecord = (record: MadeRecord): object => ({
  eventName: record.event,
  timeUnixNano: toNano(record.timeMs ?? NOON_MS),
  severityNumber: 9,
  ...(record.traceId === undefined ? {} : { traceId: record.traceId, spanId: record.spanId }),
  attributes: toAttributes(record.attributes),
});

export const logRequest = (records: readonly object[]): object => ({
  resourceLogs: [
    {
      resource: { attributes: toAttributes({ "service.name": "test" }) },
      scopeLogs: [{ scope: { name: "by-hand" }, logRecords: records }],
    },
  ],
});
