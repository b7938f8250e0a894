import { type Attributes, SpanKind, type SpanStatus, SpanStatusCode } from "@opentelemetry/api";
import {
  GEN_AI_OPERATION_VALUE_EXECUTE_TOOL,
  GEN_AI_OPERATION_VALUE_INVOKE_AGENT,
} from "../semconv/gen-ai.ts";
import * as own from "../semconv/turnspan.ts";
import {
  agentName,
  callEndAttributes,
  modelEndAttributes,
  modelStartAttributes,
  runEndAttributes,
  runStartAttributes,
  sessionEndAttributes,
  sessionStartAttributes,
  spawnAttributes,
  toolStartAttributes,
  whoAttributes,
} from "./attributes.ts";
import { type ContentMode, callContent, runContent } from "./content.ts";
import { hashedKey } from "./identity.ts";
import type { CallEndRecord, RunEndRecord, SessionEndRecord } from "./records.ts";
import type { CallState, RunState, SessionState } from "./state.ts";

/** What all spans of one lifecycle carry, and what they may. */
export interface SpanPolicy {
  readonly content: ContentMode;
  readonly sessionKeys: "plain" | "hashed";
  /** `turnspan.source` and `turnspan.host`, on every span and record. */
  readonly constant: Attributes;
}

export const sessionSpanName = (session: SessionState): string => `session ${agentName(session)}`;

export const runSpanName = (run: RunState): string =>
  `${GEN_AI_OPERATION_VALUE_INVOKE_AGENT} ${agentName(run)}`;

export const callSpanName = (call: CallState): string =>
  call.kind === "tool_call"
    ? `${GEN_AI_OPERATION_VALUE_EXECUTE_TOOL} ${call.name}`
    : `${call.name} ${call.model ?? "unknown"}`;

export const callSpanKind = (call: CallState): SpanKind =>
  call.kind === "tool_call" ? SpanKind.INTERNAL : SpanKind.CLIENT;

export const shownKey = (key: string, policy: Pick<SpanPolicy, "sessionKeys">): string =>
  policy.sessionKeys === "hashed" ? hashedKey(key) : key;

/** Who and where, with the session key as the policy wants it. */
export function whoAndWhere(
  session: SessionState,
  policy: SpanPolicy,
  into: Attributes,
): Attributes {
  whoAttributes(session, into);
  into[own.ATTR_SESSION_KEY] = shownKey(session.sessionKey, policy);
  return Object.assign(into, policy.constant);
}

export { runStartAttributes, sessionStartAttributes };

export const callStartAttributes = (call: CallState): Attributes =>
  call.kind === "tool_call" ? toolStartAttributes(call) : modelStartAttributes(call);

export function sessionAttributes(record: SessionEndRecord, policy: SpanPolicy): Attributes {
  const attributes = whoAndWhere(record.session, policy, {});
  sessionEndAttributes(record.session, attributes);
  attributes[own.ATTR_SESSION_END_REASON] = record.reason;
  return attributes;
}

export function runAttributes({ run }: RunEndRecord, policy: SpanPolicy): Attributes {
  const attributes = whoAndWhere(run.session, policy, {});
  attributes[own.ATTR_TURNSPAN_KIND] = run.kind;
  runEndAttributes(run, attributes);
  if (run.spawn !== undefined) {
    spawnAttributes(run, attributes);
    attributes[own.ATTR_PARENT_SESSION_KEY] = shownKey(run.spawn.session.sessionKey, policy);
  }
  return policy.content === "none" ? attributes : Object.assign(attributes, runContent(run));
}

export function callAttributes(record: CallEndRecord, policy: SpanPolicy): Attributes {
  const { call } = record;
  const attributes = whoAndWhere(record.session, policy, {});
  callEndAttributes(record, attributes);
  if (call.kind === "model_call") modelEndAttributes(call, attributes);
  return policy.content === "none" ? attributes : Object.assign(attributes, callContent(call));
}

const failed = (message: string | undefined): SpanStatus =>
  message === undefined ? { code: SpanStatusCode.ERROR } : { code: SpanStatusCode.ERROR, message };

/** A policy's or a person's stop is no failure: blocked and cancelled stay UNSET. */
export const runStatus = (run: RunState): SpanStatus | undefined =>
  run.outcome === "failed" || run.outcome === "abandoned" ? failed(run.error) : undefined;

export const callStatus = (call: CallState): SpanStatus | undefined =>
  call.outcome === "failed" ? failed(call.error) : undefined;
