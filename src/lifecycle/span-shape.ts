import { type Attributes, SpanKind, type SpanStatus, SpanStatusCode } from "@opentelemetry/api";
import {
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_SESSION_ID,
  GEN_AI_OPERATION_VALUE_EXECUTE_TOOL,
  GEN_AI_OPERATION_VALUE_INVOKE_AGENT,
} from "../semconv/gen-ai.ts";
import * as own from "../semconv/turnspan.ts";
import { type AttributeSink, attributesOf, writeAll } from "./attribute-table.ts";
import {
  agentName,
  callEndAttributes,
  endReasonAttributes,
  modelEndAttributes,
  modelStartAttributes,
  runEndAttributes,
  runStartAttributes,
  sessionEndAttributes,
  sessionStartAttributes,
  spawnAttributes,
  toolEndAttributes,
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

const MAX_NAMES = 1000;

/** Names with a prefix, made once each: there are few of them, and a hundred thousand spans to share them. */
function namesAfter(prefix: string): (name: string) => string {
  const names = new Map<string, string>();
  return (name) => {
    const known = names.get(name);
    if (known !== undefined) return known;
    if (names.size >= MAX_NAMES) names.clear();
    const made = `${prefix} ${name}`;
    names.set(name, made);
    return made;
  };
}

const sessionNames = namesAfter(own.TURNSPAN_KIND_VALUE_SESSION);
const runNames = namesAfter(GEN_AI_OPERATION_VALUE_INVOKE_AGENT);
const toolNames = namesAfter(GEN_AI_OPERATION_VALUE_EXECUTE_TOOL);

export const sessionSpanName = (session: SessionState): string => sessionNames(agentName(session));

export const runSpanName = (run: RunState): string => runNames(agentName(run));

export const callSpanName = (call: CallState): string =>
  call.kind === "tool_call" ? toolNames(call.name) : `${call.name} ${call.model ?? "unknown"}`;

export const callSpanKind = (call: CallState): SpanKind =>
  call.kind === "tool_call" ? SpanKind.INTERNAL : SpanKind.CLIENT;

const shownKey = (key: string, shown: SpanPolicy["sessionKeys"]): string =>
  shown === "hashed" ? hashedKey(key) : key;

/** Who and where, with the session key as the policy wants it. */
export function whoAndWhere(
  session: SessionState,
  { sessionKeys, constant }: SpanPolicy,
  into: AttributeSink,
): void {
  whoAttributes(session, into);
  const key = shownKey(session.sessionKey, sessionKeys);
  into.setAttribute(own.ATTR_SESSION_KEY, key);
  // Where a host gave no id of its own the key stands in for it.
  if (session.sessionId === session.sessionKey && key !== session.sessionKey) {
    into.setAttribute(ATTR_SESSION_ID, key);
    into.setAttribute(ATTR_GEN_AI_CONVERSATION_ID, key);
  }
  writeAll(constant, into);
}

/** Whose child a subagent is; nothing for a turn. */
export function writeSpawn(run: RunState, policy: SpanPolicy, into: AttributeSink): void {
  if (run.spawn === undefined) return;
  spawnAttributes(run, into);
  const { sessionKey } = run.spawn.session;
  into.setAttribute(own.ATTR_PARENT_SESSION_KEY, shownKey(sessionKey, policy.sessionKeys));
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

function writeSessionEnd(record: SessionEndRecord, into: AttributeSink): void {
  sessionEndAttributes(record.session, into);
  endReasonAttributes(record, into);
}

function writeRunEnd({ run }: RunEndRecord, policy: SpanPolicy, into: AttributeSink): void {
  into.setAttribute(own.ATTR_TURNSPAN_KIND, run.kind);
  runEndAttributes(run, into);
  writeSpawn(run, policy, into);
  if (policy.content !== "none") writeAll(runContent(run), into);
}

function writeCallEnd(record: CallEndRecord, policy: SpanPolicy, into: AttributeSink): void {
  const { call } = record;
  callEndAttributes(record, into);
  if (call.kind === "model_call") modelEndAttributes(call, into);
  else toolEndAttributes(call, into);
  if (policy.content !== "none") writeAll(callContent(call), into);
}

const failed = (message: string | undefined): SpanStatus =>
  message === undefined ? { code: SpanStatusCode.ERROR } : { code: SpanStatusCode.ERROR, message };

/** A policy's or a person's stop is no failure: blocked and cancelled stay UNSET. */
export const runStatus = (run: RunState): SpanStatus | undefined =>
  run.outcome === "failed" || run.outcome === "abandoned" ? failed(run.error) : undefined;

export const callStatus = (call: CallState): SpanStatus | undefined =>
  call.outcome === "failed" ? failed(call.error) : undefined;
