import { JsonLogsSerializer } from "@opentelemetry/otlp-transformer";
import { LogRecordFactory } from "../../audit/otlp-records.ts";
import type { TrailRecord } from "../../audit/read-trail.ts";
import { ATTR_GEN_AI_AGENT_ID, ATTR_SESSION_ID } from "../../semconv/gen-ai.ts";
import * as own from "../../semconv/turnspan.ts";

/** Turns records into lines of a file, a few at a time. */
export interface TrailFormat {
  /** What the file begins with. */
  readonly head: string;
  format(records: readonly TrailRecord[]): string;
}

type Cell = (record: TrailRecord) => unknown;

const attribute =
  (name: string): Cell =>
  ({ record }) =>
    record.attributes[name];

const csvColumns: readonly (readonly [head: string, read: Cell])[] = [
  ["time", ({ record }) => new Date(record.timestamp).toISOString()],
  ["event", ({ record }) => record.eventName],
  ["severity", ({ record }) => record.severityText],
  ["session_key", attribute(own.ATTR_SESSION_KEY)],
  ["session_id", attribute(ATTR_SESSION_ID)],
  ["agent_id", attribute(ATTR_GEN_AI_AGENT_ID)],
  ["run_id", attribute(own.ATTR_RUN_ID)],
  ["outcome", attribute(own.ATTR_TURN_OUTCOME)],
  ["reason", attribute(own.ATTR_REASON)],
  ["trace_id", ({ record }) => record.traceId],
  ["span_id", ({ record }) => record.spanId],
  ["log", ({ writer }) => writer],
  ["number", ({ seq }) => seq],
  ["record_id", attribute(own.ATTR_RECORD_ID)],
  ["attributes", ({ record }) => JSON.stringify(record.attributes)],
];

/** Spreadsheets run what begins like a formula: an apostrophe keeps it a text. */
const FORMULA = /^[=+\-@\t\r]/;

/** One cell by RFC 4180. */
function csvCell(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number") return String(value);
  const text = FORMULA.test(String(value)) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const csvLine = (cells: readonly unknown[]): string => `${cells.map(csvCell).join(",")}\r\n`;

const createCsv = (): TrailFormat => ({
  head: csvLine(csvColumns.map(([head]) => head)),
  format: (records) =>
    records.map((record) => csvLine(csvColumns.map(([, read]) => read(record)))).join(""),
});

const createJsonLines = (): TrailFormat => ({
  head: "",
  format: (records) =>
    records
      .map(
        ({ writer, seq, record }) => `${JSON.stringify({ log: writer, number: seq, ...record })}\n`,
      )
      .join(""),
});

/** A request a line, as the collector's file exporter writes it and its receivers read it. */
function createOtlp(): TrailFormat {
  const factories = new Map<string, LogRecordFactory>();
  const factoryOf = (writer: string): LogRecordFactory => {
    const factory = factories.get(writer) ?? new LogRecordFactory(writer);
    factories.set(writer, factory);
    return factory;
  };
  return {
    head: "",
    format: (records) => {
      const logs = records.map((record) => factoryOf(record.writer).create(record));
      const bytes = logs.length === 0 ? undefined : JsonLogsSerializer.serializeRequest(logs);
      return bytes === undefined ? "" : `${Buffer.from(bytes).toString()}\n`;
    },
  };
}

/** What `--format` takes. */
export const trailFormats = {
  csv: createCsv,
  jsonl: createJsonLines,
  otlp: createOtlp,
} as const satisfies Record<string, () => TrailFormat>;
