import { gunzipSync } from "node:zlib";
import type { StoreBatch } from "../store/store.ts";
import * as json from "./json.ts";
import { MAX_BODY_BYTES } from "./limits.ts";
import * as protobuf from "./protobuf.ts";
import { type Batch, RequestError } from "./rows.ts";

export type OtlpSignal = "traces" | "logs" | "metrics";

/** A request as it came over the wire. */
export interface OtlpBody {
  readonly signal: OtlpSignal;
  readonly format: "json" | "protobuf";
  readonly isGzip: boolean;
  readonly bytes: Uint8Array;
}

export interface Decoded {
  readonly rows: StoreBatch;
  readonly accepted: number;
  readonly rejected: number;
  readonly problem: string | undefined;
}

const decoders = {
  json: { traces: json.decodeTraces, logs: json.decodeLogs, metrics: json.decodeMetrics },
  protobuf: {
    traces: protobuf.decodeTraces,
    logs: protobuf.decodeLogs,
    metrics: protobuf.decodeMetrics,
  },
} as const satisfies Record<OtlpBody["format"], Record<OtlpSignal, unknown>>;
const NOTHING: StoreBatch = { spans: [], logs: [], points: [] };

/** Inflates and decodes a request. Throws a RequestError that says how it is answered. */
export function decodeRequest({ signal, format, isGzip, bytes }: OtlpBody): Decoded {
  const body = isGzip ? inflate(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const decode = decoders[format];
  switch (signal) {
    case "traces":
      return describe(decode.traces(body), (spans) => ({ ...NOTHING, spans }));
    case "logs":
      return describe(decode.logs(body), (logs) => ({ ...NOTHING, logs }));
    case "metrics":
      return describe(decode.metrics(body), (points) => ({ ...NOTHING, points }));
  }
}

const describe = <Row>(batch: Batch<Row>, toRows: (rows: Row[]) => StoreBatch): Decoded => ({
  rows: toRows(batch.rows),
  accepted: batch.rows.length,
  rejected: batch.rejected,
  problem: batch.problem,
});

/** The bound holds while inflating: a bomb is not unpacked to be measured. */
function inflate(bytes: Uint8Array): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    throw isTooLarge
      ? new RequestError(413, `the request is larger than ${MAX_BODY_BYTES} bytes when inflated`)
      : new RequestError(400, "the request is not gzip, though it says so");
  }
}
