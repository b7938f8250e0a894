import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { type AccessRules, hasToken, isKnownHost, isKnownOrigin } from "../access.ts";
import type { IngestAnswer } from "../writer/messages.ts";
import { failureAnswer, type OtlpAnswer, successAnswer } from "./answer.ts";
import type { OtlpBody, OtlpSignal } from "./decode.ts";
import { MAX_BODY_BYTES } from "./limits.ts";

export interface ReceiverOptions {
  readonly access: AccessRules;
  readonly ingest: (body: OtlpBody) => Promise<IngestAnswer>;
  /** Bytes that wait for the writer. */
  readonly waitingBytes: () => number;
  readonly maxWaitingBytes: number;
  readonly counts: ReceiverCounts;
  /** Where a browser finds the viewer. */
  readonly viewerUrl: () => string;
}

/** What was received since the start. */
export interface ReceiverCounts {
  readonly accepted: Record<OtlpSignal, number>;
  rejectedItems: number;
  refusedRequests: number;
}

export const createCounts = (): ReceiverCounts => ({
  accepted: { traces: 0, logs: 0, metrics: 0 },
  rejectedItems: 0,
  refusedRequests: 0,
});

const paths: ReadonlyMap<string, OtlpSignal> = new Map([
  ["/v1/traces", "traces"],
  ["/v1/logs", "logs"],
  ["/v1/metrics", "metrics"],
]);

const formats: ReadonlyMap<string, OtlpBody["format"]> = new Map([
  ["application/json", "json"],
  ["application/x-protobuf", "protobuf"],
]);

const encodings: ReadonlyMap<string, boolean> = new Map([
  ["", false],
  ["identity", false],
  ["gzip", true],
]);

const RETRY_AFTER_SECONDS = 1;

/** Why a request is not taken. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What is known of a request before its body is read. */
type Head = Omit<OtlpBody, "bytes">;

/** Serves OTLP over HTTP on `node:http` itself, so that bodies reach the writer without being copied. */
export function createReceiver(options: ReceiverOptions): RequestListener {
  /** Bytes of bodies that are still coming in. */
  let readingBytes = 0;
  const budget: Budget = {
    take: (bytes) => {
      if (readingBytes + options.waitingBytes() + bytes > options.maxWaitingBytes) return false;
      readingBytes += bytes;
      return true;
    },
    giveBack: (bytes) => {
      readingBytes -= bytes;
    },
  };
  return (request, response) => {
    void serve(request, response, options, budget);
  };
}

interface Budget {
  take(bytes: number): boolean;
  giveBack(bytes: number): void;
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: ReceiverOptions,
  budget: Budget,
): Promise<void> {
  try {
    if (redirect(request, response, options)) return;
    const head = readHead(request, options.access);
    const bytes = await readBody(request, budget);
    const answer = await options.ingest({ ...head, bytes });
    if (answer.status !== 200) throw new Refusal(answer.status, answer.problem ?? "");
    const { accepted, rejected, problem } = answer;
    options.counts.accepted[head.signal] += accepted;
    options.counts.rejectedItems += rejected;
    send(response, 200, successAnswer(head.format, head.signal, rejected, problem));
  } catch (error) {
    options.counts.refusedRequests += 1;
    refuse(request, response, error);
  }
}

/** A person who opens the port in a browser is led to the viewer. */
function redirect(
  { method, url, headers }: IncomingMessage,
  response: ServerResponse,
  { access, viewerUrl }: ReceiverOptions,
): boolean {
  if (method !== "GET" || url !== "/" || !isKnownHost(headers.host, access)) return false;
  response.writeHead(302, { location: viewerUrl() }).end();
  return true;
}

/** Each check in the order of what it costs to pass it. */
function readHead({ method, url, headers }: IncomingMessage, access: AccessRules): Head {
  if (!isKnownHost(headers.host, access)) throw new Refusal(403, "this host name is not ours");
  const { origin, "sec-fetch-site": site } = headers;
  if (!isKnownOrigin({ origin, fetchSite: String(site ?? "") }, access)) {
    throw new Refusal(403, "pages of other origins may not send telemetry");
  }
  const signal = paths.get((url ?? "").split("?")[0] ?? "");
  if (signal === undefined) throw new Refusal(404, `there are ${[...paths.keys()].join(", ")}`);
  if (method !== "POST") throw new Refusal(405, "telemetry is sent by POST");
  if (access.tokens.length > 0 && !hasToken(headers.authorization, access.tokens)) {
    throw new Refusal(401, "an ingest token is needed: Authorization: Bearer TOKEN");
  }
  const format = formats.get(
    (headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "",
  );
  if (format === undefined) {
    throw new Refusal(415, `content types are ${[...formats.keys()].join(" and ")}`);
  }
  const isGzip = encodings.get((headers["content-encoding"] ?? "").toLowerCase());
  if (isGzip === undefined) throw new Refusal(415, "content encodings are gzip and identity");
  if (Number(headers["content-length"] ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  return { signal, format, isGzip };
}

const tooLarge = (): Refusal =>
  new Refusal(413, `the request is larger than ${MAX_BODY_BYTES} bytes`);

/** The body in memory of its own, which the writer's thread takes over. */
async function readBody(request: IncomingMessage, budget: Budget): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // An iterator of its own would close the connection before the answer is out.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      if (!budget.take(chunk.length)) throw new Refusal(429, "the store lags behind");
      length += chunk.length;
      chunks.push(chunk);
      if (length > MAX_BODY_BYTES) throw tooLarge();
    }
  } finally {
    budget.giveBack(length);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  // The sender went away in the middle: there is nobody to answer.
  if (!(error instanceof Refusal)) return void response.destroy();
  const { status, message } = error;
  if (status === 429 || status === 503) response.setHeader("retry-after", RETRY_AFTER_SECONDS);
  if (status === 405) response.setHeader("allow", "POST");
  // What is left of the body is passed over: a sender reads the answer when it has sent all, if at all.
  request.resume();
  const isProtobuf = request.headers["content-type"]?.startsWith("application/x-protobuf");
  send(response, status, failureAnswer(isProtobuf ? "protobuf" : "json", rpcCode(status), message));
}

/** Codes of gRPC, by the HTTP status that tells the same. */
const rpcCodes: ReadonlyMap<number, number> = new Map([
  [400, 3],
  [401, 16],
  [403, 7],
  [404, 12],
  [405, 12],
  [413, 8],
  [415, 3],
  [429, 8],
  [503, 14],
]);

const rpcCode = (status: number): number => rpcCodes.get(status) ?? 2;

function send(response: ServerResponse, status: number, { contentType, body }: OtlpAnswer): void {
  response
    .writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(body) })
    .end(body);
}
