import { type Attributes, SpanKind, type SpanStatus, SpanStatusCode } from "@opentelemetry/api";
import {
  GEN_AI_OPERATION_VALUE_EXECUTE_TOOL,
  GEN_AI_OPERATION_VALUE_INVOKE_AGENT,
} from "../semconv/gen-ai.ts";
import * as own from "../semconv/turnspan.ts";
import { type AttributeSink, attributesOf, writeAll } from "./attribute-table.ts";
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

export const shownKey = (key: string, shown: SpanPolicy["sessionKeys"]): string =>
  shown === "hashed" ? hashedKey(key) : key;

/** Who and where, with the session key as the policy wants it. */
export function whoAndWhere(
  session: SessionState,
  { sessionKeys, constant }: SpanPolicy,
  into: AttributeSink,
): void {
  whoAttributes(session, into);
  into.setAttribute(own.ATTR_SESSION_KEY, shownKey(session.sessionKey, sessionKeys));
  writeAll(constant, into);
}

export const sessionStart = (session: SessionState): Attributes =>
  attributesOf(sessionStartAttributes, session);

export const runStart = (run: RunState): Attributes => attributesOf(runStartAttributes, run);

export const callStart = (call: CallState): Attributes =>
  attributesOf(call.kind === "tool_call" ? toolStartAttributes : modelStartAttributes, call);

/** The records that end a span. */
export type EndRecord = SessionEndRecord | RunEndRecord | CallEndRecord;

/** What a span is given at its end. */
export function writeEnd(record: EndRecord, policy: SpanPolicy, into: AttributeSink): void {
  whoAndWhere(record.session, policy, into);
  switch (record.type) {
    case "session.end":
      return writeSessionEnd(record, into);
    case "run.end":
      return writeRunEnd(record, policy, into);
    case "call.end":
      return writeCallEnd(record, policy, into);
  }
}

function writeSessionEnd({ session, reason }: SessionEndRecord, into: AttributeSink): void {
  sessionEndAttributes(session, into);
  into.setAttribute(own.ATTR_SESSION_END_REASON, reason);
}

function writeRunEnd({ run }: RunEndRecord, policy: SpanPolicy, into: AttributeSink): void {
  into.setAttribute(own.ATTR_TURNSPAN_KIND, run.kind);
  runEndAttributes(run, into);
  if (run.spawn !== undefined) {
    spawnAttributes(run, into);
    const { sessionKey } = run.spawn.session;
    into.setAttribute(own.ATTR_PARENT_SESSION_KEY, shownKey(sessionKey, policy.sessionKeys));
  }
  if (policy.content !== "none") writeAll(runContent(run), into);
}

function writeCallEnd(record: CallEndRecord, policy: SpanPolicy, into: AttributeSink): void {
  const { call } = record;
  callEndAttributes(record, into);
  if (call.kind === "model_call") modelEndAttributes(call, into);
  if (policy.content !== "none") writeAll(callContent(call), into);
}

const failed = (message: string | undefined): SpanStatus =>
  message === undefined ? { code: SpanStatusCode.ERROR } : { code: SpanStatusCode.ERROR, message };

/** A policy's or a person's stop is no failure: blocked and cancelled stay UNSET. */
export const runStatus = (run: RunState): SpanStatus | undefined =>
  run.outcome === "failed" || run.outcome === "abandoned" ? failed(run.error) : undefined;

export const callStatus = (call: CallState): SpanStatus | undefined =>
  call.outcome === "failed" ? failed(call.error) : undefined;
