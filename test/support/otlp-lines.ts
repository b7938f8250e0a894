import { readFileSync } from "node:fs";

interface OtlpValue {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values: readonly OtlpValue[] };
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: OtlpValue;
}

export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly flags?: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly OtlpAttribute[];
  readonly events: readonly {
    readonly name: string;
    readonly attributes: readonly OtlpAttribute[];
  }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code?: number; readonly message?: string };
}

interface OtlpLog {
  readonly eventName: string;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly attributes: readonly OtlpAttribute[];
}

interface OtlpLine {
  readonly resourceSpans?: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
  readonly resourceLogs?: readonly {
    readonly scopeLogs: readonly { readonly logRecords: readonly OtlpLog[] }[];
  }[];
  readonly resourceMetrics?: readonly unknown[];
}

const plain = (value: OtlpValue): unknown => {
  if (value.arrayValue !== undefined) return value.arrayValue.values.map(plain);
  if (value.intValue !== undefined) return Number(value.intValue);
  return value.stringValue ?? value.doubleValue ?? value.boolValue;
};

/** Attributes as an object. */
export const attributesOf = (item: {
  readonly attributes: readonly OtlpAttribute[];
}): Readonly<Record<string, unknown>> =>
  Object.fromEntries(item.attributes.map(({ key, value }) => [key, plain(value)]));

/** What an OTLP JSON lines file holds. */
export const readOtlpLines = (path: string) => parseOtlpLines(readFileSync(path, "utf8"));

/** What OTLP JSON requests hold, a line a request. */
export function parseOtlpLines(text: string) {
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as OtlpLine);
  return {
    keys: lines.map((line) => Object.keys(line).join()),
    spans: lines.flatMap((line) =>
      (line.resourceSpans ?? []).flatMap(({ scopeSpans }) =>
        scopeSpans.flatMap(({ spans }) => spans),
      ),
    ),
    logs: lines.flatMap((line) =>
      (line.resourceLogs ?? []).flatMap(({ scopeLogs }) =>
        scopeLogs.flatMap(({ logRecords }) => logRecords),
      ),
    ),
    metrics: lines.flatMap((line) => line.resourceMetrics ?? []),
  };
}
