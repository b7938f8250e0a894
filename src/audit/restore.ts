import type { AttributeValue } from "@opentelemetry/api";
import type { LifecycleEvent, Metadata } from "../lifecycle/events.ts";
import type { WireRecord } from "../lifecycle/record-log.ts";
import { reduce } from "../lifecycle/reduce.ts";
import type { LifecycleState, SessionState, SpanIds } from "../lifecycle/state.ts";
import { touchSession } from "../lifecycle/step.ts";
import * as genAi from "../semconv/gen-ai.ts";
import * as own from "../semconv/turnspan.ts";
import type { OpenRun, OpenSession, OpenSet } from "./open-set.ts";

/**
 * Brings what is open back into a lifecycle's state, as its writer had it at its last sign of life, so that
 * the same rules can end it. Nothing is recorded of it: all this happened before.
 */
export function restoreState(open: OpenSet, state: LifecycleState): void {
  const { turns = [], subagents = [] } = Object.groupBy(open.runs.map(parseRun), kindOf);
  const turnsOf = Map.groupBy(turns, ({ base }) => base);
  for (const session of open.sessions) {
    restoreSession(state, session);
    for (const turn of turnsOf.get(session.base) ?? []) restoreTurn(state, turn);
  }
  for (const subagent of subagents) restoreSubagent(state, subagent);
  for (const session of sessionsOf(state)) touchSession(session, open.lastSign);
}

const RULES = {};

/** A turn or a subagent's run, with its first record. */
interface LeftRun extends Pick<OpenRun, "base" | "ordinal"> {
  readonly start: WireRecord;
}

const parse = ({ start }: { readonly start: string }): WireRecord => JSON.parse(start);

const parseRun = (run: OpenRun): LeftRun => ({ ...run, start: parse(run) });

const kindOf = ({ start }: LeftRun): "turns" | "subagents" =>
  start.eventName === own.EVENT_SUBAGENT_SPAWNED ? "subagents" : "turns";

/** The sessions that have records, and those of subagents. */
const sessionsOf = (state: LifecycleState): Set<SessionState> =>
  new Set([...state.sessions.values(), ...[...state.runs.values()].map(({ session }) => session)]);

const textOf = (value: AttributeValue | undefined): string | undefined =>
  value === undefined ? undefined : String(value);

const numberOf = (value: AttributeValue | undefined): number | undefined =>
  typeof value === "number" ? value : undefined;

/** Session key and ids, and the agent's, as every record names them. */
function identityOf({ attributes }: WireRecord) {
  return {
    sessionKey: textOf(attributes[own.ATTR_SESSION_KEY]) ?? "",
    sessionId: textOf(attributes[genAi.ATTR_SESSION_ID]),
    agentId: textOf(attributes[genAi.ATTR_GEN_AI_AGENT_ID]),
    agentName: textOf(attributes[genAi.ATTR_GEN_AI_AGENT_NAME]),
  };
}

function spanIdsOf({ traceId, spanId }: WireRecord): SpanIds | undefined {
  return traceId === undefined || spanId === undefined ? undefined : { traceId, spanId };
}

function readMetadata(value: AttributeValue | undefined): Metadata | undefined {
  if (typeof value !== "string") return undefined;
  try {
    return JSON.parse(value) as Metadata;
  } catch {
    // Redaction may have cut into it: better none than half of one.
    return undefined;
  }
}

function sessionOpen(start: WireRecord): LifecycleEvent {
  const { attributes } = start;
  return {
    type: "session.open",
    time: start.timestamp,
    ...identityOf(start),
    resumedFrom: textOf(attributes[genAi.ATTR_SESSION_PREVIOUS_ID]),
    metadata: readMetadata(attributes[own.ATTR_SESSION_METADATA]),
    userId: textOf(attributes[genAi.ATTR_USER_ID]),
    project: textOf(attributes[own.ATTR_PROJECT]),
    repository: textOf(attributes[genAi.ATTR_VCS_REPOSITORY_URL]),
    branch: textOf(attributes[genAi.ATTR_VCS_REF_HEAD_NAME]),
  };
}

function restoreSession(state: LifecycleState, open: OpenSession): void {
  const start = parse(open);
  const { sessionKey } = identityOf(start);
  setAside(state, sessionKey);
  reduce(state, sessionOpen(start), RULES);
  const session = state.sessions.get(sessionKey);
  if (session === undefined) return;
  state.sessions.set(sessionKey, {
    ...session,
    generation: numberOf(start.attributes[own.ATTR_SESSION_GENERATION]) ?? 1,
    idBase: open.base,
    ordinal: open.ordinal,
    ids: spanIdsOf(start),
    stopReason: open.sums.stopReason,
    totals: { ...open.sums.totals },
    turns: open.sums.turns,
  });
}

/** Two open sessions of one key: the older one died with a process before the one that died last. */
function setAside(state: LifecycleState, sessionKey: string): void {
  const older = state.sessions.get(sessionKey);
  if (older === undefined) return;
  state.sessions.delete(sessionKey);
  state.sessions.set(`${sessionKey}\0${older.generation}\0${older.idBase}`, older);
}

function restoreTurn(state: LifecycleState, { start }: LeftRun): void {
  const { attributes } = start;
  const runId = textOf(attributes[own.ATTR_RUN_ID]);
  const identity = identityOf(start);
  const session = state.sessions.get(identity.sessionKey);
  if (runId === undefined || session === undefined) return;
  const { turns, ordinal } = session;
  session.turns = numberOf(attributes[own.ATTR_TURN_INDEX]) ?? turns;
  reduce(
    state,
    {
      type: "run.start",
      time: start.timestamp,
      runId,
      ...identity,
      model: textOf(attributes[genAi.ATTR_GEN_AI_REQUEST_MODEL]),
      trigger: textOf(attributes[own.ATTR_TURN_TRIGGER]),
      channel: textOf(attributes[own.ATTR_TURN_CHANNEL]),
    },
    RULES,
  );
  session.turns = turns;
  session.ordinal = ordinal;
  const run = state.runs.get(runId);
  if (run !== undefined) run.ids = spanIdsOf(start);
}

function restoreSubagent(state: LifecycleState, { start, base, ordinal }: LeftRun): void {
  const { attributes } = start;
  const runId = textOf(attributes[own.ATTR_RUN_ID]);
  const parentSessionKey = textOf(attributes[own.ATTR_PARENT_SESSION_KEY]);
  if (runId === undefined || parentSessionKey === undefined) return;
  const hasParent = state.sessions.has(parentSessionKey);
  reduce(
    state,
    {
      type: "subagent.spawn",
      time: start.timestamp,
      runId,
      ...identityOf(start),
      label: textOf(attributes[own.ATTR_SUBAGENT_LABEL]),
      parentSessionKey,
      parentRunId: textOf(attributes[own.ATTR_PARENT_RUN_ID]),
    },
    RULES,
  );
  // The parent has ended in order: it must not end again.
  if (!hasParent) state.sessions.delete(parentSessionKey);
  const session = state.runs.get(runId)?.session;
  if (session === undefined) return;
  session.idBase = base;
  session.ordinal = Math.max(session.ordinal, ordinal);
}
