import { ROOT_CONTEXT, SpanStatusCode, TraceFlags, type Tracer, trace } from "@opentelemetry/api";
import { ATTR_ERROR_TYPE } from "../semconv/gen-ai.ts";
import * as own from "../semconv/turnspan.ts";
import { AttributeBag, attributeTable } from "./attribute-table.ts";
import type { LifecycleRecord } from "./records.ts";
import { type SpanPolicy, whoAndWhere } from "./span-shape.ts";

/** A handler's call that took long. */
export interface SlowHookCall {
  readonly hook: string;
  /** The handler's name. */
  readonly entry: string;
  /** What it was told of; undefined for another library's span. */
  readonly record: LifecycleRecord | undefined;
  readonly durationMs: number;
  readonly error?: string | undefined;
  readonly errorType?: string | undefined;
}

export const hookSpanAttributes = attributeTable<SlowHookCall>({
  [own.ATTR_TURNSPAN_KIND]: () => own.TURNSPAN_KIND_VALUE_HOOK,
  [own.ATTR_HOOK_NAME]: ({ hook }) => hook,
  [own.ATTR_HOOK_ENTRY]: ({ entry }) => entry,
  [ATTR_ERROR_TYPE]: ({ errorType }) => errorType,
});

/** Quicker handlers have no span: a point of `turnspan.hook.duration` says enough. */
const SPAN_FROM_MS = 100;

/**
 * Writes the span of a handler that took long, under the run that it was told of, or the session. `now`:
 * when it ended, epoch milliseconds.
 */
export function writeHookSpan(
  tracer: Tracer,
  policy: SpanPolicy,
  call: SlowHookCall,
  now: number,
): void {
  const { hook, record, durationMs, error, errorType } = call;
  const ids = record?.run?.ids ?? record?.session.ids;
  if (record === undefined || ids === undefined || durationMs < SPAN_FROM_MS) return;
  const { traceId, spanId, traceFlags = TraceFlags.SAMPLED } = ids;
  const bag = new AttributeBag();
  hookSpanAttributes(call, bag);
  whoAndWhere(record.session, policy, bag);
  const span = tracer.startSpan(
    `hook ${hook}`,
    { startTime: now - durationMs, attributes: bag.attributes },
    trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags }),
  );
  if (errorType !== undefined) {
    span.setStatus({ code: SpanStatusCode.ERROR, ...(error !== undefined && { message: error }) });
  }
  span.end(now);
}
