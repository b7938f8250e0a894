/** Decodes OTLP requests in JSON straight to flat rows. Unknown fields are passed over, as OTLP asks. */
import * as value from "./json-values.ts";
import { MAX_EVENTS, MAX_ITEMS, MAX_LINKS } from "./limits.ts";
import { attempt } from "./protobuf-envelope.ts";
import {
  type AttributeList,
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
  RequestError,
  type SpanEventRow,
  type SpanLinkRow,
  type SpanRow,
} from "./rows.ts";

/** What the levels of the envelope are called for each signal. */
interface Levels {
  readonly resources: string;
  readonly scopes: string;
  readonly items: string;
}

const TRACES: Levels = { resources: "resourceSpans", scopes: "scopeSpans", items: "spans" };
const LOGS: Levels = { resources: "resourceLogs", scopes: "scopeLogs", items: "logRecords" };
const METRICS: Levels = { resources: "resourceMetrics", scopes: "scopeMetrics", items: "metrics" };

type ReadItem<Row> = (item: value.Json, origin: Origin, rows: Row[]) => string | undefined;

function parseBody(body: Buffer): value.Json {
  try {
    return value.asObject(JSON.parse(body.toString("utf8")), "the request");
  } catch (cause) {
    if (cause instanceof RequestError) throw cause;
    throw new RequestError(400, "the request is not JSON");
  }
}

function readEnvelope<Row>(body: Buffer, levels: Levels, readItem: ReadItem<Row>): Batch<Row> {
  const batch: Batch<Row> = { rows: [], rejected: 0, problem: undefined };
  let count = 0;
  for (const holder of objectsIn(parseBody(body), levels.resources)) {
    const resource = readAttributesOf(holder["resource"]);
    for (const scopeHolder of objectsIn(holder, levels.scopes)) {
      const origin = readOrigin(scopeHolder["scope"], resource);
      for (const item of value.asList(scopeHolder[levels.items], levels.items)) {
        count += 1;
        if (count > MAX_ITEMS) throw new RequestError(413, `more than ${MAX_ITEMS} items at once`);
        const read = (): string | undefined =>
          readItem(value.asObject(item, "an item"), origin, batch.rows);
        const problem = attempt(read);
        if (problem === undefined) continue;
        batch.rejected += 1;
        batch.problem ??= problem;
      }
    }
  }
  return batch;
}

const objectsIn = (holder: value.Json, name: string): value.Json[] =>
  value.asList(holder[name], name).map((item) => value.asObject(item, name));

const readAttributesOf = (holder: unknown): AttributeList =>
  value.readAttributes(holder == null ? undefined : value.asObject(holder, "it")["attributes"], {
    names: [],
    values: [],
  });

function readOrigin(scope: unknown, resource: AttributeList): Origin {
  const holder = scope == null ? {} : value.asObject(scope, "a scope");
  return {
    resource,
    scopeName: value.asText(holder["name"]),
    scopeVersion: value.asText(holder["version"]),
  };
}

function readSpan(item: value.Json, origin: Origin, rows: SpanRow[]): string | undefined {
  const span = createSpanRow(origin);
  span.traceId = value.asId(item["traceId"]);
  span.spanId = value.asId(item["spanId"]);
  if (item["parentSpanId"]) span.parentSpanId = value.asId(item["parentSpanId"]);
  span.name = value.asText(item["name"]);
  span.kind = value.asEnum(item["kind"]);
  span.startNs = value.asTime(item["startTimeUnixNano"]);
  span.endNs = value.asTime(item["endTimeUnixNano"]);
  value.readAttributes(item["attributes"], span.attributes);
  const status = item["status"] == null ? {} : value.asObject(item["status"], "a status");
  span.status = value.asEnum(status["code"]);
  if (status["message"]) span.statusMessage = value.asText(status["message"]);
  span.events.push(...objectsIn(item, "events").slice(0, MAX_EVENTS).map(readEvent));
  span.links.push(...objectsIn(item, "links").slice(0, MAX_LINKS).map(readLink));
  const problem = findSpanProblem(span);
  if (problem === undefined) rows.push(completeSpan(span));
  return problem;
}

const readEvent = (event: value.Json): SpanEventRow => ({
  name: value.asText(event["name"]),
  timeNs: value.asTime(event["timeUnixNano"]),
  attributes: readAttributesOf(event),
});

const readLink = (link: value.Json): SpanLinkRow => ({
  traceId: value.asId(link["traceId"]),
  spanId: value.asId(link["spanId"]),
  attributes: readAttributesOf(link),
});

function readLog(item: value.Json, origin: Origin, rows: LogRow[]): string | undefined {
  const log = createLogRow(origin);
  log.timeNs = value.asTime(item["timeUnixNano"]);
  log.observedNs = value.asTime(item["observedTimeUnixNano"]);
  log.severity = value.asEnum(item["severityNumber"]);
  log.body = value.readAnyValue(item["body"]);
  log.eventName = value.asText(item["eventName"]);
  if (item["traceId"]) log.traceId = value.asId(item["traceId"]);
  if (item["spanId"]) log.spanId = value.asId(item["spanId"]);
  value.readAttributes(item["attributes"], log.attributes);
  const problem = findLogProblem(log);
  if (problem === undefined) rows.push(completeLog(log));
  return problem;
}

const POINT_HOLDERS = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"] as const;
const TEMPORALITY_DELTA = 1;

function readPoints(metric: value.Json, origin: Origin, rows: PointRow[]): undefined {
  const name = value.asText(metric["name"]);
  const unit = value.asText(metric["unit"]);
  for (const holderName of POINT_HOLDERS) {
    if (metric[holderName] == null) continue;
    const holder = value.asObject(metric[holderName], holderName);
    const delta = holder["aggregationTemporality"] === TEMPORALITY_DELTA;
    for (const point of objectsIn(holder, "dataPoints")) {
      rows.push({
        origin,
        name,
        unit,
        delta,
        timeNs: value.asTime(point["timeUnixNano"]),
        value: value.asNumber(point["asDouble"] ?? point["asInt"] ?? point["sum"]),
        count: point["count"] == null ? undefined : value.asNumber(point["count"]),
        attributes: readAttributesOf(point),
      });
    }
  }
  return undefined;
}

/** Decodes a request. Throws a RequestError where it is none, or holds too much. */
export const decodeTraces = (body: Buffer): Batch<SpanRow> => readEnvelope(body, TRACES, readSpan);

/** Decodes a request. Throws a RequestError where it is none, or holds too much. */
export const decodeLogs = (body: Buffer): Batch<LogRow> => readEnvelope(body, LOGS, readLog);

/** Decodes a request. Throws a RequestError where it is none, or holds too much. */
export const decodeMetrics = (body: Buffer): Batch<PointRow> =>
  readEnvelope(body, METRICS, readPoints);
