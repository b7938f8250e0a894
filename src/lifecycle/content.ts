import type { Attributes } from "@opentelemetry/api";
import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
} from "../semconv/gen-ai.ts";
import { shownText } from "./free-text.ts";
import type { CallState, RunState } from "./state.ts";

/**
 * Where prompts, answers, tool input and output may go: nowhere, to the embedded server on this machine
 * only (exporters elsewhere strip them), or to every exporter.
 */
export type ContentMode = "none" | "local" | "export";

/** Characters kept of one text. */
const MAX_TEXT = 16_384;

/** Content as it may leave the process: secrets out, then cut. */
export const cleanText = (value: unknown): string => shownText(value, MAX_TEXT);

/** One message in the conventions' JSON schema. */
const message = (role: "user" | "assistant", value: unknown): string =>
  JSON.stringify([{ role, parts: [{ type: "text", content: cleanText(value) }] }]);

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
    else attributes[ATTR_GEN_AI_TOOL_CALL_ARGUMENTS] = cleanText(call.input);
  }
  if (call.output !== undefined) {
    if (isModel) attributes[ATTR_GEN_AI_OUTPUT_MESSAGES] = message("assistant", call.output);
    else attributes[ATTR_GEN_AI_TOOL_CALL_RESULT] = cleanText(call.output);
  }
  return attributes;
}
