import type { Attributes } from "@opentelemetry/api";
import { redactText } from "../base/redact.ts";
import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
} from "../semconv/gen-ai.ts";
import type { CallState, RunState } from "./state.ts";

/**
 * Where prompts, answers, tool input and output may go: nowhere, to the embedded server on this machine
 * only (exporters elsewhere strip them), or to every exporter.
 */
export type ContentMode = "none" | "local" | "export";

/** Characters kept of one text. */
const MAX_TEXT = 16_384;

/** Text as it may leave the process: secrets out first, then cut, so that no half of one is left. */
export function cleanText(text: string): string {
  const clean = redactText(text.length > 4 * MAX_TEXT ? text.slice(0, 4 * MAX_TEXT) : text);
  return clean.length <= MAX_TEXT ? clean : `${clean.slice(0, MAX_TEXT)}…`;
}

function asText(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "[not serialisable]";
  }
}

/** One message in the conventions' JSON schema. */
const message = (role: "user" | "assistant", value: unknown): string =>
  JSON.stringify([{ role, parts: [{ type: "text", content: cleanText(asText(value)) }] }]);

/** Message content of a run; empty where its host gave none. */
export function runContent(run: RunState): Attributes {
  const attributes: Attributes = {};
  if (run.message !== undefined) {
    attributes[ATTR_GEN_AI_INPUT_MESSAGES] = message("user", run.message);
  }
  if (run.lastMessage !== undefined) {
    attributes[ATTR_GEN_AI_OUTPUT_MESSAGES] = message("assistant", run.lastMessage);
  }
  return attributes;
}

/** Content of a call: a model's messages, or a tool's arguments and result. */
export function callContent(call: CallState): Attributes {
  const attributes: Attributes = {};
  const isModel = call.kind === "model_call";
  if (call.input !== undefined) {
    if (isModel) attributes[ATTR_GEN_AI_INPUT_MESSAGES] = message("user", call.input);
    else attributes[ATTR_GEN_AI_TOOL_CALL_ARGUMENTS] = cleanText(asText(call.input));
  }
  if (call.output !== undefined) {
    if (isModel) attributes[ATTR_GEN_AI_OUTPUT_MESSAGES] = message("assistant", call.output);
    else attributes[ATTR_GEN_AI_TOOL_CALL_RESULT] = cleanText(asText(call.output));
  }
  return attributes;
}
