import { endSession } from "./closing.ts";
import type {
  MessageReceived,
  MessageSent,
  SessionClose,
  SessionOpen,
  SessionPatch,
  SessionWait,
  TraceIds,
} from "./events.ts";
import { nextRecordId } from "./identity.ts";
import { changesOf, rememberSettings } from "./settings.ts";
import {
  latestOf,
  runningRuns,
  type SessionDetails,
  type SessionState,
  type SpanIds,
  type SpawnLink,
  whoOf,
} from "./state.ts";
import { announceSession, type Step, touchSession } from "./step.ts";
import { openSegment } from "./totals.ts";

const MAX_MESSAGE_IDS = 16;

/** What any event may tell of the session it names. */
export interface SessionHint {
  readonly time: number;
  readonly sessionKey: string;
  readonly sessionId?: string | undefined;
  readonly agentId?: string | undefined;
  readonly agentName?: string | undefined;
}

function createSession(step: Step, hint: SessionHint, parent: SpawnLink | undefined): SessionState {
  const closed = step.state.closedSessions.get(hint.sessionKey);
  const session: SessionState = {
    sessionKey: hint.sessionKey,
    sessionId: hint.sessionId,
    generation: (closed?.generation ?? 0) + 1,
    openedAt: hint.time,
    agentId: hint.agentId,
    agentName: hint.agentName,
    parent,
    details: undefined,
    settings: undefined,
    segments: undefined,
    totals: undefined,
    turns: 0,
    ordinal: 0,
    runs: undefined,
    children: undefined,
    lastSign: undefined,
    stopReason: "stop",
    latest: undefined,
    closed: false,
    idBase: undefined,
    ids: undefined,
    span: undefined,
  };
  step.state.sessions.set(hint.sessionKey, session);
  return session;
}

/** Takes what an event tells of a session that is open. */
export function mergeHint(session: SessionState, hint: SessionHint): void {
  session.sessionId ??= hint.sessionId;
  session.agentId ??= hint.agentId;
  session.agentName ??= hint.agentName;
  touchSession(session, hint.time);
}

const isOther = (session: SessionState, sessionId: string | undefined): boolean =>
  sessionId !== undefined && session.sessionId !== undefined && session.sessionId !== sessionId;

/** The session that an event speaks of, opened where nobody told us that it opened. */
export function ensureSession(step: Step, hint: SessionHint): SessionState {
  const open = step.state.sessions.get(hint.sessionKey);
  if (open !== undefined && !isOther(open, hint.sessionId)) {
    mergeHint(open, hint);
    return open;
  }
  if (open !== undefined) endSession(step, open, hint.time, "replaced");
  const session = createSession(step, hint, undefined);
  announceSession(step, session, hint.time);
  return session;
}

/** A subagent's own session: without span and records while it serves only its spawner. */
export function ensureChildSession(step: Step, hint: SessionHint, link: SpawnLink): SessionState {
  const open = step.state.sessions.get(hint.sessionKey);
  if (open !== undefined) {
    // Its spawner's own session is not renamed after the child.
    if (open !== link.session) mergeHint(open, hint);
    return open;
  }
  const child = createSession(step, hint, link);
  child.details = whoOf(link.session.details);
  link.session.children ??= [];
  link.session.children.push(child);
  return child;
}

function detailsOf(step: Step, event: SessionOpen): SessionDetails | undefined {
  const previous = step.state.closedSessions.get(event.sessionKey)?.ids;
  const details: SessionDetails = {
    resumedFrom: event.resumedFrom,
    previous,
    metadata: event.metadata,
    userId: event.userId,
    project: event.project,
    repository: event.repository,
    branch: event.branch,
    cwd: event.cwd,
    transcriptPath: event.transcriptPath,
    endsWith: event.endsWith,
  };
  return Object.values(details).some((value) => value !== undefined) ? details : undefined;
}

const definedOf = (details: SessionDetails): SessionDetails =>
  Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined));

const idsOf = ({ traceId, spanId }: Partial<TraceIds> = {}): SpanIds | undefined =>
  traceId === undefined || spanId === undefined ? undefined : { traceId, spanId };

export function openSession(step: Step, event: SessionOpen): void {
  const open = step.state.sessions.get(event.sessionKey);
  const reopened =
    event.resumedFrom !== undefined && open !== undefined && open.openedAt < event.time;
  if (open !== undefined && !reopened && !isOther(open, event.sessionId)) {
    mergeHint(open, event);
    const told = detailsOf(step, event);
    if (told !== undefined) open.details = { ...told, ...definedOf(open.details ?? {}) };
    rememberSettings(open, event.settings);
    return;
  }
  if (open !== undefined) endSession(step, open, event.time, "replaced");
  const session = createSession(step, event, undefined);
  session.details = detailsOf(step, event);
  session.ids = idsOf(event.trace);
  rememberSettings(session, event.settings);
  announceSession(step, session, event.time);
}

export function closeSession(step: Step, event: SessionClose): void {
  const session = step.state.sessions.get(event.sessionKey);
  if (session === undefined || isOther(session, event.sessionId) || event.time < session.openedAt) {
    step.state.lateEvents += 1;
    return;
  }
  session.sessionId ??= event.sessionId;
  if (event.lastMessage !== undefined) latestOf(session).message = event.lastMessage;
  if (event.metadata !== undefined) {
    session.details = {
      ...session.details,
      metadata: { ...session.details?.metadata, ...event.metadata },
    };
  }
  endSession(step, session, event.time, event.reason);
}

const isAtWork = ({ runs, children = [] }: SessionState): boolean =>
  runs !== undefined || children.length > 0;

export function patchSession(step: Step, event: SessionPatch): void {
  const session = ensureSession(step, event);
  const changes = changesOf(session, event);
  const model = session.settings?.["model"];
  const runs = runningRuns(session);
  // A call that is under way belongs to what was before.
  if (session.segments === undefined && "model" in event.patch && isAtWork(session)) {
    openSegment(session, session.openedAt);
  }
  rememberSettings(session, event.patch);
  rememberSettings(session, event.settings);
  if (session.settings?.["model"] !== model && "model" in event.patch) {
    openSegment(session, event.time);
  }
  step.records.push({
    type: "session.patch",
    time: event.time,
    session,
    run: runs[0],
    runs,
    changes,
    actor: event.actor ?? { kind: "unknown" },
    source: event.source,
    patch: event.patch,
    entry: event.entry,
    cfg: event.cfg,
    id: nextRecordId(session, "session.patch"),
  });
}

/** Told again, a wait is the same wait; nothing waits in a session that is not there. */
export function waitSession(step: Step, { time, sessionKey, waitsFor }: SessionWait): void {
  const session = step.state.sessions.get(sessionKey);
  if (session === undefined || session.latest?.waitsFor === waitsFor) return;
  latestOf(session).waitsFor = waitsFor;
  touchSession(session, time);
  const runs = runningRuns(session);
  step.records.push({
    type: "session.wait",
    ...{ time, session, run: runs[0], runs, waitsFor },
    id: nextRecordId(session, "session.wait"),
  });
}

/** The same message told by several signals of the host is one message. */
function isRepeated(session: SessionState, mark: string): boolean {
  const latest = latestOf(session);
  latest.messageIds ??= [];
  if (latest.messageIds.includes(mark)) return true;
  latest.messageIds.push(mark);
  if (latest.messageIds.length > MAX_MESSAGE_IDS) latest.messageIds.shift();
  return false;
}

export function receiveMessage(step: Step, event: MessageReceived | MessageSent): void {
  const session = ensureSession(step, event);
  const { messageId } = event;
  if (messageId !== undefined && isRepeated(session, `${event.type} ${messageId}`)) return;
  const sent = event.type === "message.sent" ? event : undefined;
  step.records.push({
    type: event.type,
    time: event.time,
    session,
    messageId,
    channel: event.channel,
    runId: event.runId,
    senderId: event.type === "message.received" ? event.senderId : undefined,
    success: sent?.success,
    error: sent?.error,
    content: event.content,
    id: nextRecordId(session, event.type),
  });
}
