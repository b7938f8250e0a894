import { type Attributes, type SpanContext, TraceFlags } from "@opentelemetry/api";
import { millisToHrTime } from "@opentelemetry/core";
import { type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import type { Gap } from "../base/segment-entry.ts";
import type { WireRecord } from "../lifecycle/record-log.ts";
import { SCHEMA_URL } from "../semconv/gen-ai.ts";
import * as own from "../semconv/turnspan.ts";
import { VERSION } from "../version.ts";

/** Who wrote a record: stands in the log before it. */
export interface AuditOwner {
  /** Resource attributes: service, instance, host. */
  readonly resource: Attributes;
  readonly version: string;
}

/** A record that leaves, and its place in its log. */
export interface OutgoingRecord {
  readonly seq: number;
  readonly record: WireRecord;
  readonly owner: AuditOwner | undefined;
}

/** One object for all: the SDK's serialisers group by its identity. */
const SCOPE = { name: own.SCOPE_NAME, version: VERSION, schemaUrl: SCHEMA_URL };

/** A gap as a record: whoever reads the trail must see that something is missing. */
export function gapRecord(writer: string, { firstSeq, count, reason, from, to }: Gap): WireRecord {
  return {
    eventName: own.EVENT_AUDIT_GAP,
    timestamp: to,
    severityNumber: 17,
    severityText: "ERROR",
    attributes: {
      [own.ATTR_RECORD_ID]: `${writer}-gap-${firstSeq}`,
      [own.ATTR_RECORD_VERSION]: own.RECORD_VERSION,
      [own.ATTR_AUDIT_GAP_FIRST_SEQ]: firstSeq,
      [own.ATTR_AUDIT_GAP_COUNT]: count,
      [own.ATTR_AUDIT_GAP_SINCE]: from,
      [own.ATTR_REASON]: reason,
    },
  };
}

const spanContextOf = ({ traceId, spanId }: WireRecord): SpanContext | undefined =>
  traceId === undefined || spanId === undefined
    ? undefined
    : { traceId, spanId, traceFlags: TraceFlags.SAMPLED };

/** Makes log records of the SDK's kind, for its serialisers. */
export class LogRecordFactory {
  readonly #writer: string;
  #owner: AuditOwner | undefined;
  #resource: Resource = resourceFromAttributes({});

  /** `writer`: the log's name. */
  constructor(writer: string) {
    this.#writer = writer;
  }

  create({ record, seq, owner }: OutgoingRecord): ReadableLogRecord {
    const time = millisToHrTime(record.timestamp);
    const spanContext = spanContextOf(record);
    return {
      hrTime: time,
      hrTimeObserved: time,
      severityNumber: record.severityNumber,
      severityText: record.severityText,
      eventName: record.eventName,
      attributes: {
        ...record.attributes,
        [own.ATTR_AUDIT_LOG]: this.#writer,
        [own.ATTR_AUDIT_SEQ]: seq,
      },
      droppedAttributesCount: 0,
      resource: this.#resourceOf(owner),
      instrumentationScope: SCOPE,
      ...(spanContext && { spanContext }),
    };
  }

  #resourceOf(owner: AuditOwner | undefined): Resource {
    if (owner !== undefined && owner !== this.#owner) {
      this.#owner = owner;
      this.#resource = resourceFromAttributes(owner.resource);
    }
    return this.#resource;
  }
}
