import {
  type AttributeValue,
  type Context,
  ROOT_CONTEXT,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { ATTR_GEN_AI_AGENT_NAME } from "../semconv/gen-ai.ts";
import { ATTR_RECORD_ID, ATTR_RECORD_VERSION, RECORD_VERSION } from "../semconv/turnspan.ts";
import { AttributeBag } from "./attribute-table.ts";
import { agentName } from "./attributes.ts";
import { eventName, isAudited, writeRecord } from "./record-attributes.ts";
import type { LifecycleRecord } from "./records.ts";
import { type SpanPolicy, whoAndWhere, writeSpawn } from "./span-shape.ts";
import type { SpanIds } from "./state.ts";

/** A record as it is sent and kept: an OTel log event. */
export interface WireRecord {
  readonly eventName: string;
  /** Epoch milliseconds. */
  readonly timestamp: number;
  /** OTel severity: 9 INFO, 13 WARN, 17 ERROR. */
  readonly severityNumber: number;
  readonly severityText: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly traceId?: string;
  readonly spanId?: string;
}

/** The part of OpenTelemetry's Logger that is used: API 1.9 has none, its hosts bring their own. */
export interface LoggerLike {
  emit(record: {
    readonly eventName: string;
    readonly timestamp: number;
    readonly severityNumber: number;
    readonly severityText: string;
    readonly attributes: Readonly<Record<string, AttributeValue>>;
    readonly context: Context;
  }): void;
}

export interface LoggerProviderLike {
  getLogger(name: string, version?: string, options?: { schemaUrl?: string }): LoggerLike;
}

type Severity = readonly [number: number, text: string];

const INFO: Severity = [9, "INFO"];
const WARN: Severity = [13, "WARN"];
const ERROR: Severity = [17, "ERROR"];

const severity = (record: LifecycleRecord): Severity => {
  if (record.type === "hook.failure" || record.type === "hook.decision") return WARN;
  const outcome = "outcome" in record ? record.outcome : undefined;
  return outcome === "failed" || outcome === "abandoned" ? ERROR : INFO;
};

/** A spawning stands in its spawner's trace: the child has no span yet. */
function idsOf(record: LifecycleRecord): SpanIds | undefined {
  if (record.type === "subagent.spawned") return record.run.spawn?.run?.ids;
  return record.run?.ids ?? record.session.ids;
}

/** The context with the ids of `idsOf`, where the run's calls needed one already. */
export function knownContext(record: LifecycleRecord): Context | undefined {
  if (record.type === "subagent.spawned" || record.run?.ids === undefined) return undefined;
  return record.run.context;
}

/** A record flattened for the wire; undefined for those that only spans and metrics show. */
export function toWireRecord(record: LifecycleRecord, policy: SpanPolicy): WireRecord | undefined {
  const name = eventName(record);
  if (name === undefined || !isAudited(record)) return undefined;
  const bag = new AttributeBag({
    [ATTR_RECORD_ID]: record.id,
    [ATTR_RECORD_VERSION]: RECORD_VERSION,
    [ATTR_GEN_AI_AGENT_NAME]: agentName(record.run ?? record.session),
  });
  whoAndWhere(record.session, policy, bag);
  writeRecord(record, bag);
  if (record.run !== undefined) writeSpawn(record.run, policy, bag);
  const [severityNumber, severityText] = severity(record);
  const ids = idsOf(record);
  return {
    eventName: name,
    timestamp: record.time,
    severityNumber,
    severityText,
    attributes: bag.attributes as Record<string, AttributeValue>,
    ...(ids === undefined ? {} : { traceId: ids.traceId, spanId: ids.spanId }),
  };
}

/** Sends a record as a log event. `known`: the context with its ids, where there is one already. */
export function emitRecord(logger: LoggerLike, record: WireRecord, known?: Context): void {
  const { traceId, spanId } = record;
  logger.emit({
    eventName: record.eventName,
    timestamp: record.timestamp,
    severityNumber: record.severityNumber,
    severityText: record.severityText,
    attributes: record.attributes,
    context: known ?? contextOf(traceId, spanId),
  });
}

const contextOf = (traceId: string | undefined, spanId: string | undefined): Context =>
  traceId === undefined || spanId === undefined
    ? ROOT_CONTEXT
    : trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED });
