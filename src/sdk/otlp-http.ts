import type { Agent, IncomingMessage, RequestOptions, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { OTLPExporterError } from "@opentelemetry/otlp-exporter-base";
import type { convertLegacyHttpOptions } from "@opentelemetry/otlp-exporter-base/node-http";
import { VERSION } from "../version.ts";

/** URL, headers, timeout, compression and TLS of one signal, as the OTLP packages read them. */
export type OtlpHttpOptions = ReturnType<typeof convertLegacyHttpOptions>;

const MAX_RETRIES = 5;
const FIRST_BACKOFF_MS = 1000;
const BACKOFF_FACTOR = 1.5;
const MAX_BACKOFF_MS = 5000;
/** Enough for any OTLP answer; a server that sends more is not one. */
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;
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

interface Answer {
  readonly status: number;
  readonly statusMessage: string;
  readonly retryAfter: string | undefined;
  readonly body: Buffer;
}

/** Fails an attempt in a way that another may mend. */
interface Retry {
  readonly error: Error;
  readonly waitMs: number | undefined;
}

const compress = promisify(gzip);
const USER_AGENT = `turnspan/${VERSION}`;
/** Marks an error of a kept connection that the server had closed meanwhile: a new one is likely to work. */
const STALE = Symbol("stale connection");

/**
 * Sends OTLP requests by HTTP POST, with the retries that OTLP asks for. The SDK's exporters have a
 * sender of their own; its retry timers and sockets cannot be stopped and keep a process alive for up to
 * 10 s after `shutdown()` gave up. Here both are unref'ed, and `stop` ends what is under way at once.
 */
export class OtlpHttpSender {
  readonly #options: OtlpHttpOptions;
  readonly #stopped = new AbortController();
  #connect: Promise<{ agent: Agent; request: typeof request }> | undefined;

  constructor(options: OtlpHttpOptions) {
    this.#options = options;
  }

  /** Returns the body of a successful answer. Rejects after the last retry, or when stopped. */
  async send(body: Uint8Array): Promise<Uint8Array> {
    const { timeoutMillis, compression } = this.#options;
    const deadline = performance.now() + timeoutMillis;
    const payload = compression === "gzip" ? await compress(body) : body;
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
    try {
      const answer = await this.#post(payload, leftMs);
      return judge(answer);
    } catch (error) {
      if (this.#stopped.signal.aborted || !isRetryable(error)) throw error;
      return { error, waitMs: STALE in error ? 0 : undefined };
    }
  }

  async #post(payload: Uint8Array, leftMs: number): Promise<Answer> {
    this.#stopped.signal.throwIfAborted();
    this.#connect ??= connect(this.#options);
    const [{ agent, request }, headers] = await Promise.all([
      this.#connect,
      this.#options.headers(),
    ]);
    const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(leftMs)));
    const options: RequestOptions = {
      method: "POST",
      agent,
      signal: AbortSignal.any([this.#stopped.signal, timeout]),
      headers: { ...headers, ...this.#ownHeaders(payload) },
    };
    const response = await respond(request(new URL(this.#options.url), options), payload);
    return {
      status: response.statusCode ?? 0,
      statusMessage: response.statusMessage ?? "",
      retryAfter: response.headers["retry-after"],
      body: await readBody(response),
    };
  }

  #ownHeaders(payload: Uint8Array): Record<string, string | number> {
    const encoding = this.#options.compression === "gzip" ? { "Content-Encoding": "gzip" } : {};
    return { "Content-Length": payload.byteLength, "User-Agent": USER_AGENT, ...encoding };
  }
}

/** Imported late, so that an HTTP instrumentation can be there first. */
async function connect(options: OtlpHttpOptions): Promise<{
  agent: Agent;
  request: typeof request;
}> {
  const { protocol } = new URL(options.url);
  const http = protocol === "https:" ? await import("node:https") : await import("node:http");
  return { agent: await options.agentFactory(protocol), request: http.request };
}

function respond(call: ReturnType<typeof request>, payload: Uint8Array): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  // Unref'ed: a process that has nothing else to do comes to its natural end, where the exit guard waits
  // for a bounded time, instead of for an answer that a hanging server never gives.
  call.on("socket", (socket) => socket.unref());
  call.on("response", resolve);
  call.on("error", (error) => {
    reject(call.reusedSocket ? Object.assign(error, { [STALE]: true }) : error);
  });
  call.end(payload);
  return promise;
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > MAX_RESPONSE_BYTES) throw new OTLPExporterError("The answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function judge(answer: Answer): Uint8Array | Retry {
  const { status, statusMessage, body } = answer;
  if (status >= 200 && status < 300) return body;
  const error = new OTLPExporterError(`HTTP ${status} ${statusMessage}`.trim(), status);
  if (RETRYABLE_STATUS.has(status)) return { error, waitMs: retryAfterMs(answer.retryAfter) };
  throw error;
}

function isRetryable(error: unknown): error is Error {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" && RETRYABLE_CODES.has(code);
}

/** Seconds, or an HTTP date. */
function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function backoffMs(attempt: number): number {
  const spread = 0.8 + Math.random() * 0.4;
  return Math.min(FIRST_BACKOFF_MS * BACKOFF_FACTOR ** attempt * spread, MAX_BACKOFF_MS);
}
