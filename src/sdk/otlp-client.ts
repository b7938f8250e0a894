import type { Agent, IncomingMessage, RequestOptions, request } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { convertLegacyHttpOptions } from "@opentelemetry/otlp-exporter-base/node-http";
import { VERSION } from "../version.ts";

/** URL, headers, timeout, compression and TLS of one signal, as the OTLP packages read them. */
export type OtlpHttpOptions = ReturnType<typeof convertLegacyHttpOptions>;

/** What a receiver answered. */
export interface OtlpAnswer {
  readonly status: number;
  readonly statusMessage: string;
  /** The header as it came: seconds, or an HTTP date. */
  readonly retryAfter: string | undefined;
  /** Undefined where it is too long for an OTLP answer. */
  readonly body: Buffer | undefined;
}

interface Connection {
  readonly agent: Agent;
  readonly request: typeof request;
}

/** Enough for any OTLP answer; a server that sends more is not one. */
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;
const compress = promisify(gzip);
const USER_AGENT = `turnspan/${VERSION}`;

/**
 * Posts to one OTLP receiver over HTTP. Its sockets are unref'ed, so that no request, however long its
 * answer takes, keeps the process from its natural end.
 */
export class OtlpHttpClient {
  readonly #options: OtlpHttpOptions;
  #connection: Promise<Connection> | undefined;

  constructor(options: OtlpHttpOptions) {
    this.#options = options;
  }

  get url(): string {
    return this.#options.url;
  }

  /** A body as it goes over the wire: compressed where that is wanted. */
  async pack(body: Uint8Array): Promise<Uint8Array> {
    return this.#options.compression === "gzip" ? compress(body) : body;
  }

  /**
   * Sends one request and waits for its answer. Rejects where there is none: no connection, a broken one,
   * or `signal`.
   */
  async post(payload: Uint8Array, signal: AbortSignal): Promise<OtlpAnswer> {
    try {
      return await this.#post(payload, signal);
    } catch (error) {
      // A kept connection that the server had closed meanwhile: a new one is likely to work.
      if (isStale(error) && !signal.aborted) return this.#post(payload, signal);
      throw error;
    }
  }

  async #post(payload: Uint8Array, signal: AbortSignal): Promise<OtlpAnswer> {
    signal.throwIfAborted();
    this.#connection ??= connect(this.#options);
    const [{ agent, request }, headers] = await Promise.all([
      this.#connection,
      this.#options.headers(),
    ]);
    const options: RequestOptions = {
      method: "POST",
      agent,
      signal,
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
async function connect(options: OtlpHttpOptions): Promise<Connection> {
  const { protocol } = new URL(options.url);
  const http = protocol === "https:" ? await import("node:https") : await import("node:http");
  return { agent: await options.agentFactory(protocol), request: http.request };
}

const STALE = Symbol("stale connection");

const isStale = (error: unknown): boolean =>
  typeof error === "object" && error !== null && STALE in error;

function respond(call: ReturnType<typeof request>, payload: Uint8Array): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  call.on("socket", (socket) => socket.unref());
  call.on("response", resolve);
  call.on("error", (error) => {
    reject(call.reusedSocket ? Object.assign(error, { [STALE]: true }) : error);
  });
  call.end(payload);
  return promise;
}

async function readBody(response: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    // Leaving the loop closes the connection.
    if (size > MAX_RESPONSE_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
