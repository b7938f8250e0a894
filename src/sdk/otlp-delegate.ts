import { diag } from "@opentelemetry/api";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import type { IOtlpExportDelegate } from "@opentelemetry/otlp-exporter-base";
import { convertLegacyHttpOptions } from "@opentelemetry/otlp-exporter-base/node-http";
import type { ISerializer } from "@opentelemetry/otlp-transformer";
import type { DropCounts, Signal } from "./drop-counts.ts";
import type { OtlpHttpOptions } from "./otlp-client.ts";
import { OtlpHttpSender } from "./otlp-http.ts";

/** Where one signal goes. What is absent comes from the `OTEL_EXPORTER_OTLP_*` variables. */
export interface OtlpTarget {
  readonly protocol: "http/json" | "http/protobuf" | "grpc";
  /** For HTTP complete, with the signal's path. */
  readonly url: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The part of an answer that says what was not taken; the field of the count differs by signal. */
interface PartialSuccess {
  errorMessage?: string;
}

interface DelegateOptions<Items, Partial extends PartialSuccess> {
  readonly signal: Signal;
  readonly target: OtlpTarget;
  readonly serializer: ISerializer<Items, { partialSuccess?: Partial }>;
  readonly rejectedField: keyof Partial;
  readonly drops: DropCounts;
}

const CONTENT_TYPES = {
  "http/json": "application/json",
  "http/protobuf": "application/x-protobuf",
} as const;

/** Signal names as the environment variables and URLs have them. */
export const signalNames = {
  traces: { variable: "TRACES", path: "v1/traces" },
  logs: { variable: "LOGS", path: "v1/logs" },
  metrics: { variable: "METRICS", path: "v1/metrics" },
} as const satisfies Record<Signal, object>;

/** URL, headers, timeout, compression and TLS of a target, by what is given and the `OTEL_EXPORTER_OTLP_*` variables. */
export function httpOptionsOf(signal: Signal, target: OtlpTarget): OtlpHttpOptions {
  const { protocol, url, headers } = target;
  const contentType = CONTENT_TYPES[protocol === "grpc" ? "http/protobuf" : protocol];
  const { variable, path } = signalNames[signal];
  const given = { ...(url && { url }), ...(headers && { headers: { ...headers } }) };
  const required = { "Content-Type": contentType };
  return convertLegacyHttpOptions(given, variable, path, required);
}

/**
 * What the SDK's exporter classes delegate to, over a sender that can be stopped, and with an eye on
 * partial success: the SDK counts a request as delivered of which the receiver rejected half.
 */
export class OtlpDelegate<Items, Partial extends PartialSuccess>
  implements IOtlpExportDelegate<Items>
{
  readonly #options: DelegateOptions<Items, Partial>;
  readonly #sender: OtlpHttpSender;
  readonly #inFlight = new Set<Promise<void>>();

  constructor(options: DelegateOptions<Items, Partial>) {
    this.#options = options;
    this.#sender = new OtlpHttpSender(httpOptionsOf(options.signal, options.target));
  }

  export(items: Items, callback: (result: ExportResult) => void): void {
    const done = this.#send(items).then(
      () => callback({ code: ExportResultCode.SUCCESS }),
      (error: Error) => callback({ code: ExportResultCode.FAILED, error }),
    );
    const tracked = done.finally(() => this.#inFlight.delete(tracked));
    this.#inFlight.add(tracked);
  }

  async forceFlush(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
  }

  shutdown(): Promise<void> {
    return this.forceFlush();
  }

  /** The SDK's self-observation of exporters is not kept: losses are counted by us. */
  setMetrics(): void {}

  /** Ends what is under way: it fails at once. */
  stop(): void {
    this.#sender.stop();
  }

  async #send(items: Items): Promise<void> {
    const body = this.#options.serializer.serializeRequest(items);
    if (body === undefined) throw new Error("These items cannot be serialised");
    this.#readAnswer(await this.#sender.send(body));
  }

  #readAnswer(body: Uint8Array): void {
    if (body.byteLength === 0) return;
    const { signal, serializer, rejectedField, drops } = this.#options;
    try {
      const { partialSuccess } = serializer.deserializeResponse(body);
      const message = partialSuccess?.errorMessage;
      // In JSON a 64-bit number is a string.
      const rejected = Number(partialSuccess?.[rejectedField] ?? 0);
      if (rejected > 0) drops.add(signal, "rejected", rejected, message);
      else if (message) diag.warn(`turnspan: the OTLP receiver says: ${message}`);
    } catch (error) {
      diag.debug("turnspan: the OTLP receiver's answer cannot be read", error);
    }
  }
}
