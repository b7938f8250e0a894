import type { Attributes } from "@opentelemetry/api";
import { jsonText } from "../base/json-text.ts";
import * as genAi from "../semconv/gen-ai.ts";
import * as own from "../semconv/turnspan.ts";
import { AttributeBag, type AttributeSink, attributeTable } from "./attribute-table.ts";
import {
  endReasonAttributes,
  runEndAttributes,
  sessionEndAttributes,
  spawnNames,
  subagentNames,
} from "./attributes.ts";
import type {
  HookRecord,
  LifecycleRecord,
  MessageRecord,
  PatchChange,
  RunAttemptRecord,
  RunEndRecord,
  RunStartRecord,
  SessionEndRecord,
  SessionPatchRecord,
  SessionWaitRecord,
  SubagentEndRecord,
  SubagentSpawnedRecord,
} from "./records.ts";
import type { RunState, SessionState } from "./state.ts";

const runNames = attributeTable<RunState>({
  [own.ATTR_RUN_ID]: (run) => run.runId,
  [genAi.ATTR_GEN_AI_AGENT_ID]: (run) => run.agentId,
  [own.ATTR_TURN_INDEX]: (run) => (run.kind === "turn" ? run.turnIndex : undefined),
  [own.ATTR_TURN_TRIGGER]: (run) => run.trigger,
  [own.ATTR_TURN_CHANNEL]: (run) => run.channel,
  [genAi.ATTR_GEN_AI_REQUEST_MODEL]: (run) => run.model,
});

/** All that is known of a subagent before it runs. */
const spawnedRows = attributeTable<RunState>({
  [own.ATTR_RUN_ID]: (run) => run.runId,
  [genAi.ATTR_GEN_AI_AGENT_ID]: (run) => run.agentId,
});

function runEnd({ run, durationMs }: RunEndRecord | SubagentEndRecord, into: AttributeSink): void {
  runEndAttributes(run, into);
  into.setAttribute(own.ATTR_TURN_DURATION_MS, durationMs);
  if (run.error !== undefined) into.setAttribute(own.ATTR_ERROR_MESSAGE, run.error);
}

const sessionStartRows = attributeTable<SessionState>({
  [own.ATTR_SESSION_GENERATION]: (session) => session.generation,
  [genAi.ATTR_GEN_AI_AGENT_ID]: (session) => session.agentId,
  [genAi.ATTR_SESSION_PREVIOUS_ID]: (session) =>
    session.details?.resumedFrom === session.sessionId ? undefined : session.details?.resumedFrom,
  [own.ATTR_SESSION_METADATA]: (session) =>
    session.details?.metadata === undefined ? undefined : jsonText(session.details.metadata),
});

const sessionEndRows = attributeTable<SessionEndRecord>({
  [own.ATTR_SESSION_STOP_REASON]: (record) => record.stopReason,
  [own.ATTR_SESSION_DURATION_MS]: (record) => record.durationMs,
  [own.ATTR_SESSION_COST_SEGMENTS]: (record) =>
    (record.session.segments?.length ?? 0) > 1
      ? JSON.stringify(record.session.segments)
      : undefined,
});

const waitRows = attributeTable<SessionWaitRecord>({
  [own.ATTR_SESSION_WAITS_FOR]: (record) => record.waitsFor,
  [own.ATTR_RUN_ID]: (record) => record.run?.runId,
});

const attemptRows = attributeTable<RunAttemptRecord>({
  [own.ATTR_ATTEMPT_NUMBER]: (record) => record.attempt,
  [own.ATTR_ATTEMPT_REASON]: (record) => record.reason,
  [own.ATTR_ATTEMPT_DELAY_MS]: (record) => record.delayMs,
});

const messageRows = attributeTable<MessageRecord>({
  [own.ATTR_MESSAGE_ID]: (record) => record.messageId,
  [own.ATTR_MESSAGE_CHANNEL]: (record) => record.channel,
  [own.ATTR_RUN_ID]: (record) => record.runId,
});

const deliveryRows = attributeTable<MessageRecord>({
  [own.ATTR_MESSAGE_SUCCESS]: (record) => record.success,
  [own.ATTR_ERROR_MESSAGE]: (record) => record.error,
});

const hookRows = attributeTable<HookRecord>({
  [own.ATTR_HOOK_NAME]: (record) => record.hook,
  [own.ATTR_HOOK_ENTRY]: (record) => record.entry,
  [own.ATTR_HOOK_DURATION_MS]: (record) => record.durationMs,
  [own.ATTR_RUN_ID]: (record) => record.runId,
});

const decisionRows = attributeTable<HookRecord>({
  [own.ATTR_HOOK_DECISION]: (record) => record.decision,
  [own.ATTR_HOOK_REASON]: (record) => record.reason,
});

const failureRows = attributeTable<HookRecord>({
  [genAi.ATTR_ERROR_TYPE]: (record) => record.errorType,
  [own.ATTR_ERROR_MESSAGE]: (record) => record.error,
});

const patchRows = attributeTable<SessionPatchRecord>({
  [own.ATTR_PATCH_FIELDS]: (record) => record.changes.map((change) => change.field),
  [own.ATTR_PATCH_SOURCE]: (record) => record.source,
  [own.ATTR_PATCH_ACTOR_KIND]: (record) => record.actor.kind,
  [own.ATTR_PATCH_ACTOR_ID]: (record) => record.actor.id,
  [own.ATTR_PATCH_ACTOR_EVIDENCE]: (record) => record.actor.evidence,
  [own.ATTR_RUN_ID]: (record) => record.run?.runId,
});

type Shown = string | number | boolean;

interface ChangeNames {
  readonly before: string;
  readonly beforeUnknown: string;
  readonly after: string;
}

/** Made once: as many as there are fields whose values may be shown. */
const changeNames = new Map<string, ChangeNames>();

function namesOf(field: string): ChangeNames {
  const known = changeNames.get(field);
  if (known !== undefined) return known;
  const name = `${own.ATTR_PREFIX_PATCH}${field}`;
  const names = {
    before: `${name}.before`,
    beforeUnknown: `${name}.before_unknown`,
    after: `${name}.after`,
  };
  changeNames.set(field, names);
  return names;
}

function writeChange(change: PatchChange, into: AttributeSink): void {
  if (!change.plain) return;
  const names = namesOf(change.field);
  if (!change.beforeKnown) into.setAttribute(names.beforeUnknown, true);
  if (change.before != null) into.setAttribute(names.before, change.before as Shown);
  if (change.after != null) into.setAttribute(names.after, change.after as Shown);
}

function patch(record: SessionPatchRecord, into: AttributeSink): void {
  patchRows(record, into);
  for (const change of record.changes) writeChange(change, into);
}

/** The attributes of each kind of record that are its own; who and where is added by the writer. */
const recordTable: {
  readonly [T in LifecycleRecord["type"]]: (
    record: Extract<LifecycleRecord, { readonly type: T }>,
    into: AttributeSink,
  ) => void;
} = {
  "session.start": (record, into) => sessionStartRows(record.session, into),
  "session.end": (record, into) => {
    sessionEndAttributes(record.session, into);
    endReasonAttributes(record, into);
    sessionEndRows(record, into);
  },
  "session.patch": patch,
  "session.wait": waitRows,
  "run.start": (record: RunStartRecord, into) => runNames(record.run, into),
  "run.attempt": attemptRows,
  "run.end": runEnd,
  "call.start": () => {},
  "call.end": () => {},
  "subagent.spawned": (record: SubagentSpawnedRecord, into) => spawnedRows(record.run, into),
  "subagent.finished": runEnd,
  "subagent.killed": runEnd,
  "message.received": messageRows,
  "message.sent": (record: MessageRecord, into) => {
    messageRows(record, into);
    deliveryRows(record, into);
  },
  "hook.decision": (record: HookRecord, into) => {
    hookRows(record, into);
    decisionRows(record, into);
  },
  "hook.failure": (record: HookRecord, into) => {
    hookRows(record, into);
    failureRows(record, into);
  },
};

/** A record flattened: attributes of the log event and of the span event alike. */
export function writeRecord(record: LifecycleRecord, into: AttributeSink): void {
  const write = recordTable[record.type] as (record: LifecycleRecord, into: AttributeSink) => void;
  write(record, into);
}

export function recordAttributes(record: LifecycleRecord): Attributes {
  const bag = new AttributeBag();
  writeRecord(record, bag);
  return bag.attributes;
}

const endNames = [
  ...runEndAttributes.names,
  own.ATTR_TURN_DURATION_MS,
  own.ATTR_ERROR_MESSAGE,
] as const;
/** A killed run has not failed, and no guard stopped it. */
const killedNames = endNames.filter(
  (name) => !/^error\.|^turnspan\.(error|turn\.block)\./.test(name),
);
const patchNames = [
  ...patchRows.names,
  `${own.ATTR_PREFIX_PATCH}<field>.before`,
  `${own.ATTR_PREFIX_PATCH}<field>.before_unknown`,
  `${own.ATTR_PREFIX_PATCH}<field>.after`,
];

/** Attributes that each record may carry, beside who and where; for the documentation. */
export const recordAttributeNames: Readonly<Record<string, readonly string[]>> = {
  [genAi.EVENT_SESSION_START]: sessionStartRows.names,
  [genAi.EVENT_SESSION_END]: [
    ...endReasonAttributes.names,
    ...sessionEndRows.names,
    ...sessionEndAttributes.names,
  ],
  [own.EVENT_SESSION_PATCH]: patchNames,
  [own.EVENT_SESSION_WAIT]: waitRows.names,
  [own.EVENT_TURN_START]: runNames.names,
  [own.EVENT_TURN_END]: endNames,
  [own.EVENT_MESSAGE_RECEIVED]: messageRows.names,
  [own.EVENT_MESSAGE_SENT]: [...messageRows.names, ...deliveryRows.names],
  [own.EVENT_SUBAGENT_SPAWNED]: [...spawnedRows.names, ...spawnNames],
  [own.EVENT_SUBAGENT_FINISHED]: [...subagentNames(endNames), ...spawnNames],
  [own.EVENT_SUBAGENT_KILLED]: [...subagentNames(killedNames), ...spawnNames],
  [own.EVENT_HOOK_DECISION]: [...hookRows.names, ...decisionRows.names],
  [own.EVENT_HOOK_FAILURE]: [...hookRows.names, ...failureRows.names],
};

/** Attributes of the one span event that is no record; for the documentation. */
export const attemptNames = attemptRows.names;

/** Names on the wire; undefined: seen in spans and metrics only. */
const EVENT_NAMES: Readonly<Record<LifecycleRecord["type"], string | undefined>> = {
  "session.start": genAi.EVENT_SESSION_START,
  "session.end": genAi.EVENT_SESSION_END,
  "session.patch": own.EVENT_SESSION_PATCH,
  "session.wait": own.EVENT_SESSION_WAIT,
  "run.start": own.EVENT_TURN_START,
  "run.attempt": own.EVENT_TURN_ATTEMPT,
  "run.end": own.EVENT_TURN_END,
  "call.start": undefined,
  "call.end": undefined,
  "subagent.spawned": own.EVENT_SUBAGENT_SPAWNED,
  "subagent.finished": own.EVENT_SUBAGENT_FINISHED,
  "subagent.killed": own.EVENT_SUBAGENT_KILLED,
  "message.received": own.EVENT_MESSAGE_RECEIVED,
  "message.sent": own.EVENT_MESSAGE_SENT,
  "hook.decision": own.EVENT_HOOK_DECISION,
  "hook.failure": own.EVENT_HOOK_FAILURE,
};

export const eventName = (record: LifecycleRecord): string | undefined => EVENT_NAMES[record.type];

/** Whether a record is one of the audit's: a subagent's run is told by its own pair of records. */
export function isAudited(record: LifecycleRecord): boolean {
  if (record.type === "run.attempt" || eventName(record) === undefined) return false;
  const isRun = record.type === "run.start" || record.type === "run.end";
  return !(isRun && record.run.kind === "subagent");
}
