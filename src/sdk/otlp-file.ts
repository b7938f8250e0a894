import { type FileHandle, open } from "node:fs/promises";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import {
  type ISerializer,
  JsonLogsSerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
} from "@opentelemetry/otlp-transformer";
import type { LogRecordExporter } from "@opentelemetry/sdk-logs";
import type { PushMetricExporter } from "@opentelemetry/sdk-metrics";
import type { SpanExporter } from "@opentelemetry/sdk-trace";

const NEWLINE = Buffer.from("\n");

/** A file of OTLP JSON lines, as the OpenTelemetry Collector's file exporter writes them. */
export interface OtlpFile extends AsyncDisposable {
  /** Appends one request as a line, after all lines before it. Rejects where that failed. */
  write(line: Uint8Array): Promise<void>;
  /** Waits for all lines so far. Throws what the first failed write threw, each time. */
  drain(): Promise<void>;
}

/** Creates the file (mode 0600) or empties it. What is written is whole lines, in order. */
export async function openOtlpFile(path: string): Promise<OtlpFile> {
  const handle: FileHandle = await open(path, "w", 0o600);
  return inOrder(
    (line) => handle.appendFile(Buffer.concat([line, NEWLINE])),
    () => handle.close(),
  );
}

/** The same into something that is open already and stays so. */
export const openOtlpStream = (write: (text: string) => Promise<void>): OtlpFile =>
  inOrder(
    (line) => write(`${Buffer.from(line).toString()}\n`),
    async () => {},
  );

function inOrder(
  append: (line: Uint8Array) => Promise<void>,
  close: () => Promise<void>,
): OtlpFile {
  let last: Promise<void> = Promise.resolve();
  // After a failed write nothing more is written: a gap in the middle would not be seen.
  const write = (line: Uint8Array): Promise<void> => {
    last = last.then(() => append(line));
    // Whoever waits hears of it; where nobody does it is no unhandled rejection.
    last.catch(() => {});
    return last;
  };
  return {
    write,
    drain: () => last,
    [Symbol.asyncDispose]: async () => {
      await last.catch(() => {});
      await close();
    },
  };
}

export interface OtlpFileExporters {
  readonly spans: SpanExporter;
  readonly logs: LogRecordExporter;
  readonly metrics: PushMetricExporter;
}

/** Exporters of all signals into one file: a line per batch. */
export function createFileExporters(file: OtlpFile): OtlpFileExporters {
  return {
    spans: toFile(file, JsonTraceSerializer),
    logs: toFile(file, JsonLogsSerializer),
    metrics: toFile(file, JsonMetricsSerializer),
  };
}

function toFile<Items>(
  file: OtlpFile,
  serializer: ISerializer<Items, unknown>,
): {
  export(items: Items, callback: (result: ExportResult) => void): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
} {
  return {
    export: (items, callback) => {
      const line = serializer.serializeRequest(items);
      const written = line === undefined ? file.drain() : file.write(line);
      written.then(
        () => callback({ code: ExportResultCode.SUCCESS }),
        (error: Error) => callback({ code: ExportResultCode.FAILED, error }),
      );
    },
    forceFlush: () => file.drain(),
    shutdown: () => file.drain(),
  };
}
