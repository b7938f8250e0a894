import { setTimeout as sleep } from "node:timers/promises";
import { OTLPExporterError } from "@opentelemetry/otlp-exporter-base";
import { retryAfterMs } from "../audit/destination.ts";
import { type OtlpAnswer, OtlpHttpClient, type OtlpHttpOptions } from "./otlp-client.ts";

const MAX_RETRIES = 5;
const FIRST_BACKOFF_MS = 1000;
const BACKOFF_FACTOR = 1.5;
const MAX_BACKOFF_MS = 5000;
const RETRYABLE_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const RETRYABLE_CODES: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "EPIPE",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "ENOTFOUND",
  "ENETUNREACH",
  "EHOSTUNREACH",
]);

/** Fails an attempt in a way that another may mend. */
interface Retry {
  readonly error: Error;
  readonly waitMs: number | undefined;
}

/**
 * Sends OTLP requests by HTTP POST, with the retries that OTLP asks for. The SDK's exporters have a
 * sender of their own; its retry timers and sockets cannot be stopped and keep a process alive for up to
 * 10 s after `shutdown()` gave up. Here both are unref'ed, and `stop` ends what is under way at once.
 */
export class OtlpHttpSender {
  readonly #client: OtlpHttpClient;
  readonly #timeoutMs: number;
  readonly #stopped = new AbortController();

  constructor(options: OtlpHttpOptions) {
    this.#client = new OtlpHttpClient(options);
    this.#timeoutMs = options.timeoutMillis;
  }

  /** Returns the body of a successful answer. Rejects after the last retry, or when stopped. */
  async send(body: Uint8Array): Promise<Uint8Array> {
    const payload = await this.#client.pack(body);
    // From here on: a host that blocks its thread must not use up the time of a request not yet begun.
    const deadline = performance.now() + this.#timeoutMs;
    for (let attempt = 0; ; attempt += 1) {
      const result = await this.#attempt(payload, deadline - performance.now());
      if (result instanceof Uint8Array) return result;
      const waitMs = result.waitMs ?? backoffMs(attempt);
      if (attempt >= MAX_RETRIES || waitMs > deadline - performance.now()) throw result.error;
      await sleep(waitMs, undefined, { ref: false, signal: this.#stopped.signal });
    }
  }

  /** Ends what is under way; its `send` rejects, as does every later one. */
  stop(): void {
    this.#stopped.abort(new Error("stopped"));
  }

  async #attempt(payload: Uint8Array, leftMs: number): Promise<Uint8Array | Retry> {
    const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(leftMs)));
    try {
      const signal = AbortSignal.any([this.#stopped.signal, timeout]);
      return judge(await this.#client.post(payload, signal));
    } catch (error) {
      if (this.#stopped.signal.aborted || !isRetryable(error)) throw error;
      return { error, waitMs: undefined };
    }
  }
}

function judge(answer: OtlpAnswer): Uint8Array | Retry {
  const { status, statusMessage, body } = answer;
  if (status >= 200 && status < 300) {
    if (body === undefined) throw new OTLPExporterError("The answer is too long");
    return body;
  }
  const error = new OTLPExporterError(`HTTP ${status} ${statusMessage}`.trim(), status);
  if (RETRYABLE_STATUS.has(status))
    return { error, waitMs: retryAfterMs(answer.retryAfter, Date.now()) };
  throw error;
}

function isRetryable(error: unknown): error is Error {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" && RETRYABLE_CODES.has(code);
}

function backoffMs(attempt: number): number {
  const spread = 0.8 + Math.random() * 0.4;
  return Math.min(FIRST_BACKOFF_MS * BACKOFF_FACTOR ** attempt * spread, MAX_BACKOFF_MS);
}
