import { createHash } from "node:crypto";
import path from "node:path";
import { diag } from "@opentelemetry/api";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { JsonTraceSerializer, ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace";
import type { Rejection } from "../audit/destination.ts";
import { findDataFolder } from "../base/data-folder.ts";
import { CodedError } from "../base/errors.ts";
import { OtlpHttpClient } from "./otlp-client.ts";
import { httpOptionsOf, type OtlpTarget } from "./otlp-delegate.ts";
import { Spool } from "./spool.ts";
import type { SpoolOptions } from "./spool-options.ts";

/** How requests of a protocol are made, and made into one. */
const formats = {
  // Protobuf messages of one type, one after the other, are one message with the fields of all.
  "http/protobuf": { serializer: ProtobufTraceSerializer, join: (parts) => Buffer.concat(parts) },
  "http/json": { serializer: JsonTraceSerializer, join: joinJson },
} as const satisfies Record<
  Exclude<OtlpTarget["protocol"], "grpc">,
  {
    readonly serializer: typeof JsonTraceSerializer;
    readonly join: (parts: readonly Uint8Array[]) => Uint8Array;
  }
>;

function joinJson(parts: readonly Uint8Array[]): Uint8Array {
  const resourceSpans = parts.flatMap(
    (part) =>
      (JSON.parse(Buffer.from(part).toString()) as { resourceSpans: unknown[] }).resourceSpans,
  );
  return Buffer.from(JSON.stringify({ resourceSpans }));
}

const FLUSH_TIMEOUT_MS = 10_000;
/** Spans of one request in the spool: so many records of it make up one request over the wire. */
const MAX_SPANS = 64;
/** The log takes 256 Ki characters; base64 has four for three bytes. */
const MAX_REQUEST_BYTES = 190 * 1024;

export interface SpoolingExporter {
  readonly exporter: SpanExporter;
  /** Makes a processor that feeds the exporter flush and end the spool too. */
  attach(processor: SpanProcessor): SpanProcessor;
}

/**
 * An exporter that has exported what is safe on disk; from there it goes to the receiver for as long as it
 * takes. Throws AUDIT_FOLDER_UNUSABLE, or TELEMETRY_OPTIONS_INVALID where spans go by gRPC.
 */
export async function createSpoolingExporter(
  target: OtlpTarget,
  options: SpoolOptions,
): Promise<SpoolingExporter> {
  const { protocol } = target;
  if (protocol === "grpc") {
    const message = "Telemetry cannot start:\n  spool: spans are spooled for HTTP, and go by gRPC";
    throw new CodedError("TELEMETRY_OPTIONS_INVALID", message);
  }
  const spool = await openSpool(protocol, target, options);
  const { serializer } = formats[protocol];
  return {
    exporter: exporterTo(spool, serializer),
    attach: (processor) => attachTo(spool, processor),
  };
}

function attachTo(spool: Spool, processor: SpanProcessor): SpanProcessor {
  const onExit = (): void => spool.closeNow();
  process.once("exit", onExit);
  return {
    onStart: (span, context) => processor.onStart(span, context),
    onEnd: (span) => processor.onEnd(span),
    forceFlush: async () => {
      await processor.forceFlush();
      await spool.drain(FLUSH_TIMEOUT_MS);
    },
    shutdown: async () => {
      await processor.shutdown();
      await spool.close();
      process.off("exit", onExit);
    },
  };
}

async function openSpool(
  protocol: keyof typeof formats,
  target: OtlpTarget,
  { folder = defaultFolder(), maxBytes }: SpoolOptions,
): Promise<Spool> {
  const client = new OtlpHttpClient(httpOptionsOf("traces", target));
  const { serializer, join } = formats[protocol];
  const { url } = client;
  // A receiver of its own for each: nobody gets what was meant for another.
  const name = createHash("sha256").update(`${protocol} ${url}`).digest("hex").slice(0, 16);
  const root = path.join(folder, name);
  try {
    return await Spool.open({
      ...{ root, maxBytes, url, join },
      post: async (body, signal) => client.post(await client.pack(body), signal),
      readRejection: (body) => readRejection(serializer, body),
      onTrouble: (reason) => tellTrouble(url, reason),
    });
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    const message = `The spool's folder ${folder} cannot be used: ${said}`;
    throw new CodedError("AUDIT_FOLDER_UNUSABLE", message, { cause });
  }
}

function defaultFolder(): string {
  const data = findDataFolder(process.env);
  if (data !== undefined) return path.join(data, "spool");
  const message = "The spool has no folder: name one by spool.folder or TURNSPAN_DATA.";
  throw new CodedError("AUDIT_FOLDER_UNUSABLE", message);
}

function readRejection(
  serializer: typeof JsonTraceSerializer,
  body: Uint8Array,
): Rejection | undefined {
  const { partialSuccess } = serializer.deserializeResponse(body);
  const count = Number(partialSuccess?.rejectedSpans ?? 0);
  return count > 0 ? { count, message: partialSuccess?.errorMessage ?? "" } : undefined;
}

function tellTrouble(url: string, reason: string | undefined): void {
  if (reason === undefined) diag.info(`turnspan: spooled spans reach ${url} again`);
  else diag.warn(`turnspan: spooled spans wait for ${url}: ${reason}`);
}

function exporterTo(spool: Spool, serializer: typeof JsonTraceSerializer): SpanExporter {
  const add = async (spans: readonly ReadableSpan[]): Promise<boolean> => {
    const request = serializer.serializeRequest([...spans]) ?? new Uint8Array();
    if (request.byteLength <= MAX_REQUEST_BYTES || spans.length === 1) return spool.add(request);
    const half = Math.ceil(spans.length / 2);
    const stored = await Promise.all([add(spans.slice(0, half)), add(spans.slice(half))]);
    return stored.every(Boolean);
  };
  const addAll = async (spans: readonly ReadableSpan[]): Promise<void> => {
    const parts: Promise<boolean>[] = [];
    for (let at = 0; at < spans.length; at += MAX_SPANS) {
      parts.push(add(spans.slice(at, at + MAX_SPANS)));
    }
    const stored = await Promise.all(parts);
    if (!stored.every(Boolean)) throw new Error("The spool could not store all spans");
  };
  return {
    export: (spans, callback) => void addAll(spans).then(...settle(callback)),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}

const settle = (callback: (result: ExportResult) => void) =>
  [
    () => callback({ code: ExportResultCode.SUCCESS }),
    (error: Error) => callback({ code: ExportResultCode.FAILED, error }),
  ] as const;
