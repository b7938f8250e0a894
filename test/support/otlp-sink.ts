import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";

type SinkSignal = "traces" | "logs" | "metrics";

interface SinkRequest {
  readonly path: string;
  readonly signal: SinkSignal;
  readonly headers: IncomingHttpHeaders;
  /** Inflated. */
  readonly body: Buffer;
  /** Names of the spans, log events or metrics in it. */
  readonly names: readonly string[];
}

export interface OtlpSink extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly SinkRequest[];
  names(signal: SinkSignal): string[];
  /** What was sent as JSON, as one text: to look for what must or must not be in it. */
  text(): string;
}

export interface SinkOptions {
  /** How a request is answered; default 200 and `{}`, or no body for protobuf. */
  readonly answer?: (response: ServerResponse, request: SinkRequest) => void;
  /** Default: any that is free. */
  readonly port?: number;
}

/** A real OTLP/HTTP receiver for JSON and protobuf on a port of its own. */
export async function startOtlpSink(options: SinkOptions = {}): Promise<OtlpSink> {
  const requests: SinkRequest[] = [];
  const answer = options.answer ?? ((response) => response.end());
  const server = createServer(async (incoming, response) => {
    // A request that broke off is none.
    const raw = await buffer(incoming).catch(() => undefined);
    if (raw === undefined) return;
    const body = incoming.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
    const path = incoming.url ?? "";
    const signal = signalOf(path);
    const isJson = incoming.headers["content-type"] === "application/json";
    const names = isJson ? namesInJson(signal, body) : namesInProtobuf(signal, body);
    const request = { path, signal, headers: incoming.headers, body, names };
    requests.push(request);
    response.setHeader("content-type", incoming.headers["content-type"] ?? "");
    answer(response, request);
  });
  await listen(server, options.port);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    names: (signal) =>
      requests.filter((request) => request.signal === signal).flatMap(({ names }) => names),
    text: () => requests.map(({ body }) => body.toString()).join("\n"),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A port that nobody listens on. */
export async function findClosedPort(): Promise<number> {
  const server = createServer();
  await listen(server);
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const listen = (server: Server, port = 0): Promise<void> =>
  new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));

function signalOf(path: string): SinkSignal {
  const last = path.split("/").at(-1);
  return last === "traces" || last === "logs" ? last : "metrics";
}

/** The three requests have one shape: resource → scope → item; the item's name differs. */
const shapes = {
  traces: { json: ["resourceSpans", "scopeSpans", "spans", "name"], nameField: 5 },
  logs: { json: ["resourceLogs", "scopeLogs", "logRecords", "eventName"], nameField: 12 },
  metrics: { json: ["resourceMetrics", "scopeMetrics", "metrics", "name"], nameField: 1 },
} as const;

function namesInJson(signal: SinkSignal, body: Buffer): string[] {
  let level: unknown[] = [JSON.parse(body.toString())];
  for (const key of shapes[signal].json) {
    level = level.flatMap((part) => (part as Record<string, unknown>)[key] ?? []);
  }
  return level.map(String);
}

function namesInProtobuf(signal: SinkSignal, body: Buffer): string[] {
  const items = [1, 2, 2].reduce(
    (level, field) => level.flatMap((bytes) => readField(bytes, field)),
    [body],
  );
  return items.map((item) => readField(item, shapes[signal].nameField).toString());
}

/** Contents of one length-delimited field of a protobuf message, each time that it occurs. */
function readField(message: Buffer, wanted: number): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  const readVarint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  const skip = { 0: readVarint, 1: () => (at += 8), 5: () => (at += 4) } as const;
  while (at < message.length) {
    const tag = readVarint();
    const [field, wireType] = [Math.floor(tag / 8), tag % 8];
    if (wireType !== 2) {
      skip[wireType as keyof typeof skip]();
      continue;
    }
    const length = readVarint();
    if (field === wanted) found.push(message.subarray(at, at + length));
    at += length;
  }
  return found;
}
