/**
 * Decodes OTLP requests in protobuf straight to flat rows. By hand, because no maintained package decodes
 * requests, and a general decoder would build a tree only to have it taken apart.
 */
import { MAX_EVENTS, MAX_LINKS } from "./limits.ts";
import { readEnvelope } from "./protobuf-envelope.ts";
import { readPoints } from "./protobuf-points.ts";
import { readAnyValue, readKeyValue } from "./protobuf-values.ts";
import {
  type Batch,
  completeLog,
  completeSpan,
  createLogRow,
  createSpanRow,
  findLogProblem,
  findSpanProblem,
  type LogRow,
  type Origin,
  type PointRow,
  type SpanEventRow,
  type SpanLinkRow,
  type SpanRow,
} from "./rows.ts";
import { tagOf, WireReader } from "./wire.ts";

type Field<Row> = (reader: WireReader, end: number, row: Row) => void;

/** Readers by tag, that is by field number and wire type; everything else is skipped. */
type Fields<Row> = ReadonlyMap<number, Field<Row>>;

const spanFields: Fields<SpanRow> = new Map<number, Field<SpanRow>>([
  [tagOf(1, 2), (reader, end, span) => (span.traceId = reader.copyBytes(end))],
  [tagOf(2, 2), (reader, end, span) => (span.spanId = reader.copyBytes(end))],
  [tagOf(4, 2), (reader, end, span) => (span.parentSpanId = reader.copyBytes(end))],
  [tagOf(5, 2), (reader, end, span) => (span.name = reader.text(end))],
  [tagOf(6, 0), (reader, end, span) => (span.kind = reader.varint(end))],
  [tagOf(7, 1), (reader, end, span) => (span.startNs = reader.fixed64(end))],
  [tagOf(8, 1), (reader, end, span) => (span.endNs = reader.fixed64(end))],
  [tagOf(9, 2), (reader, end, span) => readKeyValue(reader, end, span.attributes)],
  [tagOf(11, 2), (reader, end, span) => readEvent(reader, reader.enter(end), span)],
  [tagOf(13, 2), (reader, end, span) => readLink(reader, reader.enter(end), span)],
  [tagOf(15, 2), (reader, end, span) => readFields(reader, reader.enter(end), statusFields, span)],
]);

const statusFields: Fields<SpanRow> = new Map<number, Field<SpanRow>>([
  [tagOf(2, 2), (reader, end, span) => (span.statusMessage = reader.text(end))],
  [tagOf(3, 0), (reader, end, span) => (span.status = reader.varint(end))],
]);

const eventFields: Fields<Writable<SpanEventRow>> = new Map<number, Field<Writable<SpanEventRow>>>([
  [tagOf(1, 1), (reader, end, event) => (event.timeNs = reader.fixed64(end))],
  [tagOf(2, 2), (reader, end, event) => (event.name = reader.text(end))],
  [tagOf(3, 2), (reader, end, event) => readKeyValue(reader, end, event.attributes)],
]);

const linkFields: Fields<Writable<SpanLinkRow>> = new Map<number, Field<Writable<SpanLinkRow>>>([
  [tagOf(1, 2), (reader, end, link) => (link.traceId = reader.copyBytes(end))],
  [tagOf(2, 2), (reader, end, link) => (link.spanId = reader.copyBytes(end))],
  [tagOf(4, 2), (reader, end, link) => readKeyValue(reader, end, link.attributes)],
]);

const logFields: Fields<LogRow> = new Map<number, Field<LogRow>>([
  [tagOf(1, 1), (reader, end, log) => (log.timeNs = reader.fixed64(end))],
  [tagOf(2, 0), (reader, end, log) => (log.severity = reader.varint(end))],
  [tagOf(5, 2), (reader, end, log) => (log.body = readAnyValue(reader, reader.enter(end)))],
  [tagOf(6, 2), (reader, end, log) => readKeyValue(reader, end, log.attributes)],
  [tagOf(9, 2), (reader, end, log) => (log.traceId = reader.copyBytes(end))],
  [tagOf(10, 2), (reader, end, log) => (log.spanId = reader.copyBytes(end))],
  [tagOf(11, 1), (reader, end, log) => (log.observedNs = reader.fixed64(end))],
  [tagOf(12, 2), (reader, end, log) => (log.eventName = reader.text(end))],
]);

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function readFields<Row>(reader: WireReader, end: number, fields: Fields<Row>, row: Row): Row {
  while (reader.at < end) {
    const tag = reader.varint(end);
    const field = fields.get(tag);
    if (field === undefined) reader.skip(tag, end);
    else field(reader, end, row);
  }
  return row;
}

function readEvent(reader: WireReader, end: number, span: SpanRow): void {
  const event = { name: "", timeNs: 0n, attributes: { names: [], values: [] } };
  readFields(reader, end, eventFields, event);
  if (span.events.length < MAX_EVENTS) span.events.push(event);
}

function readLink(reader: WireReader, end: number, span: SpanRow): void {
  const none = Buffer.alloc(0);
  const link = { traceId: none, spanId: none, attributes: { names: [], values: [] } };
  readFields(reader, end, linkFields, link);
  if (span.links.length < MAX_LINKS) span.links.push(link);
}

function readSpan(
  reader: WireReader,
  end: number,
  origin: Origin,
  rows: SpanRow[],
): string | undefined {
  const span = readFields(reader, end, spanFields, createSpanRow(origin));
  const problem = findSpanProblem(span);
  if (problem === undefined) rows.push(completeSpan(span));
  return problem;
}

function readLog(
  reader: WireReader,
  end: number,
  origin: Origin,
  rows: LogRow[],
): string | undefined {
  const log = readFields(reader, end, logFields, createLogRow(origin));
  const problem = findLogProblem(log);
  if (problem === undefined) rows.push(completeLog(log));
  return problem;
}

/** Decodes a request. Throws a RequestError where it is none, or holds too much. */
export const decodeTraces = (body: Buffer): Batch<SpanRow> =>
  readEnvelope(new WireReader(body), readSpan);

/** Decodes a request. Throws a RequestError where it is none, or holds too much. */
export const decodeLogs = (body: Buffer): Batch<LogRow> =>
  readEnvelope(new WireReader(body), readLog);

/** Decodes a request. Throws a RequestError where it is none, or holds too much. */
export const decodeMetrics = (body: Buffer): Batch<PointRow> =>
  readEnvelope(new WireReader(body), readPoints);
