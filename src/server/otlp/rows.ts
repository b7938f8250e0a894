import type { AttributeValue } from "../api-types.ts";
import { MAX_TIME_NS } from "./limits.ts";

/** Attributes as they came: parallel lists, because a name that others chose must never become a property. */
export interface AttributeList {
  readonly names: string[];
  readonly values: AttributeValue[];
}

/** Who sent an item: its resource and its instrumentation scope, shared by all items beside it. */
export interface Origin {
  readonly resource: AttributeList;
  readonly scopeName: string;
  readonly scopeVersion: string;
}

export interface SpanEventRow {
  readonly name: string;
  readonly timeNs: bigint;
  readonly attributes: AttributeList;
}

export interface SpanLinkRow {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly attributes: AttributeList;
}

/** A span as it is on the wire. */
export interface SpanRow {
  readonly origin: Origin;
  traceId: Buffer;
  spanId: Buffer;
  parentSpanId: Buffer | undefined;
  name: string;
  /** OpenTelemetry's number: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  startNs: bigint;
  endNs: bigint;
  /** 0 unset, 1 ok, 2 error. */
  status: number;
  statusMessage: string | undefined;
  readonly attributes: AttributeList;
  readonly events: SpanEventRow[];
  readonly links: SpanLinkRow[];
}

export interface LogRow {
  readonly origin: Origin;
  timeNs: bigint;
  observedNs: bigint;
  severity: number;
  body: AttributeValue;
  traceId: Buffer | undefined;
  spanId: Buffer | undefined;
  eventName: string;
  readonly attributes: AttributeList;
}

/** The newest point of a series. Histograms and summaries are their sum and count. */
export interface PointRow {
  readonly origin: Origin;
  readonly name: string;
  readonly unit: string;
  timeNs: bigint;
  value: number;
  count: number | undefined;
  /** The value counts since the point before, not since the sender's start. */
  readonly delta: boolean;
  readonly attributes: AttributeList;
}

/** What a request held. Items with wrong ids or times are rejected one by one. */
export interface Batch<Row> {
  readonly rows: Row[];
  rejected: number;
  /** Why the first one was rejected. */
  problem: string | undefined;
}

/** What is wrong with a whole request. */
export class RequestError extends Error {
  readonly status: 400 | 413;

  constructor(status: 400 | 413, message: string) {
    super(message);
    this.status = status;
  }
}

const NO_BYTES = Buffer.alloc(0);
export const NO_ORIGIN: Origin = {
  resource: { names: [], values: [] },
  scopeName: "",
  scopeVersion: "",
};

export const createSpanRow = (origin: Origin): SpanRow => ({
  origin,
  traceId: NO_BYTES,
  spanId: NO_BYTES,
  parentSpanId: undefined,
  name: "",
  kind: 0,
  startNs: 0n,
  endNs: 0n,
  status: 0,
  statusMessage: undefined,
  attributes: { names: [], values: [] },
  events: [],
  links: [],
});

export const createLogRow = (origin: Origin): LogRow => ({
  origin,
  timeNs: 0n,
  observedNs: 0n,
  severity: 0,
  body: null,
  traceId: undefined,
  spanId: undefined,
  eventName: "",
  attributes: { names: [], values: [] },
});

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);
const isId = (bytes: Uint8Array, length: number): boolean =>
  bytes.length === length && !isZero(bytes);

/** Says what keeps a span out of the store, or `undefined`. */
export function findSpanProblem(span: SpanRow): string | undefined {
  if (!isId(span.traceId, 16)) return "a trace id is not 16 bytes, or zero";
  if (!isId(span.spanId, 8)) return "a span id is not 8 bytes, or zero";
  const parent = span.parentSpanId;
  if (parent !== undefined && parent.length !== 8 && parent.length !== 0) {
    return "a parent span id is not 8 bytes";
  }
  if (span.startNs <= 0n) return "a span has no start time";
  if (span.startNs > MAX_TIME_NS || span.endNs > MAX_TIME_NS) return "a time is past the year 2262";
  return undefined;
}

/** Some senders write ids of zeros for none, and leave the end out. */
export function completeSpan(span: SpanRow): SpanRow {
  const { parentSpanId } = span;
  if (parentSpanId !== undefined && isZero(parentSpanId)) span.parentSpanId = undefined;
  if (span.endNs < span.startNs) span.endNs = span.startNs;
  return span;
}

export function findLogProblem(log: LogRow): string | undefined {
  if (log.timeNs > MAX_TIME_NS || log.observedNs > MAX_TIME_NS)
    return "a time is past the year 2262";
  if (log.timeNs <= 0n && log.observedNs <= 0n) return "a log record has no time";
  return undefined;
}

export function completeLog(log: LogRow): LogRow {
  if (log.timeNs <= 0n) log.timeNs = log.observedNs;
  if (log.traceId !== undefined && !isId(log.traceId, 16)) log.traceId = undefined;
  if (log.spanId !== undefined && !isId(log.spanId, 8)) log.spanId = undefined;
  return log;
}
