import type { Attributes } from "@opentelemetry/api";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
} from "../semconv/gen-ai.ts";

const CONTENT_ATTRIBUTES = [
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
] as const;

const hasContent = (attributes: Attributes | undefined): boolean =>
  attributes !== undefined && CONTENT_ATTRIBUTES.some((name) => name in attributes);

function withoutContent(attributes: Attributes): Attributes {
  const kept = { ...attributes };
  for (const name of CONTENT_ATTRIBUTES) delete kept[name];
  return kept;
}

/** A view of the same object with some of its properties replaced: the original is not ours to change. */
const viewOf = <T extends object>(original: T, replaced: Partial<T>): T =>
  Object.create(
    original,
    Object.fromEntries(
      Object.entries(replaced).map(([key, value]) => [key, { value, enumerable: true }]),
    ),
  );

/** The span without prompts, answers, tool input and output; the same object where it has none. */
export function stripSpan(span: ReadableSpan): ReadableSpan {
  const inEvents = span.events.some((event) => hasContent(event.attributes));
  if (!inEvents && !hasContent(span.attributes)) return span;
  return viewOf(span, {
    attributes: withoutContent(span.attributes),
    events: span.events.map(({ attributes = {}, ...event }) => ({
      ...event,
      attributes: withoutContent(attributes),
    })),
  });
}

/** The same for a log record. */
export function stripLogRecord(record: ReadableLogRecord): ReadableLogRecord {
  if (!hasContent(record.attributes)) return record;
  return viewOf(record, { attributes: withoutContent(record.attributes) });
}
