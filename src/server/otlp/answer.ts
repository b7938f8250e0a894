import type { OtlpSignal } from "./decode.ts";

/** An answer in the format of the request, as OTLP asks. */
export interface OtlpAnswer {
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

type Format = "json" | "protobuf";

const contentTypes = {
  json: "application/json",
  protobuf: "application/x-protobuf",
} as const satisfies Record<Format, string>;

const rejectedNames = {
  traces: "rejectedSpans",
  logs: "rejectedLogRecords",
  metrics: "rejectedDataPoints",
} as const satisfies Record<OtlpSignal, string>;

/** The answer to a request that was taken, whole or in part. */
export function successAnswer(
  format: Format,
  signal: OtlpSignal,
  rejected: number,
  problem: string | undefined,
): OtlpAnswer {
  const contentType = contentTypes[format];
  if (format === "json") {
    const partial = { [rejectedNames[signal]]: String(rejected), errorMessage: problem ?? "" };
    const body = JSON.stringify(rejected === 0 ? {} : { partialSuccess: partial });
    return { contentType, body };
  }
  if (rejected === 0) return { contentType, body: new Uint8Array(0) };
  const partial = [...field(1, 0, varint(rejected)), ...textField(2, problem ?? "")];
  return {
    contentType,
    body: Uint8Array.from([...field(1, 2, varint(partial.length)), ...partial]),
  };
}

/** The answer to a request that was not taken: a `google.rpc.Status`. */
export function failureAnswer(format: Format, code: number, message: string): OtlpAnswer {
  const contentType = contentTypes[format];
  if (format === "json") return { contentType, body: JSON.stringify({ code, message }) };
  return {
    contentType,
    body: Uint8Array.from([...field(1, 0, varint(code)), ...textField(2, message)]),
  };
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

const field = (number: number, wireType: 0 | 2, content: readonly number[]): number[] => [
  number * 8 + wireType,
  ...content,
];

function textField(number: number, text: string): number[] {
  const bytes = [...Buffer.from(text)];
  return [...field(number, 2, varint(bytes.length)), ...bytes];
}
