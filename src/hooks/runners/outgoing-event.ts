import { redactText } from "../../base/redact.ts";
import { cleanText } from "../../lifecycle/content.ts";
import * as genAi from "../../semconv/gen-ai.ts";
import type { AnyPayload } from "../payload.ts";
import { factsOf } from "./facts.ts";

/** A JSON value on its way out. */
type Json = unknown;

/** Fields, anywhere in a payload, that hold what users and agents wrote; the bag may hold anything. */
const CONTENT_FIELDS: ReadonlySet<string> = new Set([
  "message",
  "content",
  "lastMessage",
  "meta",
  genAi.ATTR_GEN_AI_INPUT_MESSAGES,
  genAi.ATTR_GEN_AI_OUTPUT_MESSAGES,
  genAi.ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  genAi.ATTR_GEN_AI_TOOL_CALL_RESULT,
]);

/**
 * A payload as it leaves this machine: with the record's id, by which a receiver knows a repetition;
 * without secrets, and without what people and agents wrote unless the entry says `content`.
 */
export function outgoingEvent(payload: AnyPayload, withContent: boolean): Record<string, Json> {
  // Through JSON first: payloads have getters, and their own rules for what is written.
  const plain: Record<string, Json> = JSON.parse(JSON.stringify(payload));
  const event = Object.fromEntries(cleanEntries(plain, withContent));
  return { ...event, id: factsOf(payload).recordId };
}

const cleanEntries = (value: object, withContent: boolean): [string, Json][] =>
  Object.entries(value)
    .filter(([name]) => withContent || !CONTENT_FIELDS.has(name))
    .map(([name, inner]) => [name, clean(inner, CONTENT_FIELDS.has(name), withContent)]);

/** Content is capped as well: a receiver gets one event, not a whole conversation. */
function clean(value: Json, isContent: boolean, withContent: boolean): Json {
  if (typeof value === "string") return isContent ? cleanText(value) : redactText(value);
  if (Array.isArray(value)) return value.map((item) => clean(item, isContent, withContent));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(cleanEntries(value, withContent));
}
