import { jsonText } from "../base/json-text.ts";
import { mayHoldSecret, redactText } from "../base/redact.ts";
import * as genAi from "../semconv/gen-ai.ts";
import * as own from "../semconv/turnspan.ts";

/** Characters kept of a text that is shown beside others: an error, a reason, a label. */
const MAX_SHOWN = 1000;

/** Any value as text. Callers without a compiler hand over errors and objects too. */
function asText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return readMessage(value);
  return typeof value === "object" && value !== null ? jsonText(value) : String(value);
}

function readMessage(error: Error): string {
  try {
    return String(error.message);
  } catch {
    return "unreadable error";
  }
}

/** Text as it may leave the process: secrets out first, then cut, so that no half of one is left. */
export function shownText(value: unknown, maxChars: number = MAX_SHOWN): string {
  const text = asText(value);
  if (text.length <= maxChars && !mayHoldSecret(text)) return text;
  // What is far beyond the cut is not searched: a text can be a whole response.
  const clean = redactText(text.length > 4 * maxChars ? text.slice(0, 4 * maxChars) : text);
  return clean.length <= maxChars ? clean : `${clean.slice(0, maxChars)}…`;
}

export const cutText = (value: unknown, maxChars: number): string =>
  asText(value).slice(0, maxChars);

/** How an attribute's text is treated. */
export interface TextRule {
  /** An id, a name, or a word of ours. */
  readonly isName: boolean;
  readonly maxChars: number;
}

/** What others look things up by, and our own words: everything else is free text. */
const NAMES: ReadonlySet<string> = new Set([
  own.ATTR_TURNSPAN_KIND,
  own.ATTR_RUN_ID,
  own.ATTR_PARENT_SESSION_ID,
  own.ATTR_PARENT_RUN_ID,
  own.ATTR_MESSAGE_ID,
  own.ATTR_SESSION_STOP_REASON,
  own.ATTR_SESSION_COST_SEGMENTS,
  own.ATTR_TURN_OUTCOME,
  own.ATTR_TURN_STOP_REASON,
  own.ATTR_CALL_OUTCOME,
  own.ATTR_COST_SOURCE,
  own.ATTR_HOOK_NAME,
  own.ATTR_HOOK_DECISION,
  genAi.ATTR_SESSION_ID,
  genAi.ATTR_SESSION_PREVIOUS_ID,
  genAi.ATTR_USER_ID,
  genAi.ATTR_GEN_AI_OPERATION_NAME,
  genAi.ATTR_GEN_AI_PROVIDER_NAME,
  genAi.ATTR_GEN_AI_CONVERSATION_ID,
  genAi.ATTR_GEN_AI_AGENT_ID,
  genAi.ATTR_GEN_AI_AGENT_NAME,
  genAi.ATTR_GEN_AI_REQUEST_MODEL,
  genAi.ATTR_GEN_AI_RESPONSE_MODEL,
  genAi.ATTR_GEN_AI_RESPONSE_ID,
  genAi.ATTR_GEN_AI_TOOL_NAME,
  genAi.ATTR_GEN_AI_TOOL_CALL_ID,
]);

/** JSON that somebody reads back: half of it is none. */
const MAX_JSON = 65_536;
const LIMITS: Readonly<Record<string, number>> = {
  [own.ATTR_SESSION_METADATA]: MAX_JSON,
  [own.ATTR_SESSION_COST_SEGMENTS]: MAX_JSON,
};

export const ruleOf = (attribute: string): TextRule => ({
  isName: NAMES.has(attribute),
  maxChars: LIMITS[attribute] ?? MAX_SHOWN,
});
