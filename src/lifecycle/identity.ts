import type { TraceIds } from "./events.ts";
import type { CallState, RunState, SessionState, SpanIds } from "./state.ts";

type Crypto = typeof import("node:crypto");
type Parts = readonly (string | number)[];

let loaded: Crypto | undefined;

/** Loaded when it is first used: importing it takes a quarter of the time that all of this package may. */
function crypto(): Crypto {
  loaded ??= process.getBuiltinModule("node:crypto");
  return loaded;
}

const sha256 = (...parts: Parts): string => crypto().hash("sha256", parts.join("\0"), "hex");

/** Slower, for what is kept long: the beginning of a longer string would keep all of it. */
const shortSha256 = (bytes: number, ...parts: Parts): string =>
  crypto().hash("sha256", parts.join("\0"), "buffer").toString("hex", 0, bytes);

/** The session's share of every record id; the opening time keeps processes apart that both count from 1. */
function idBase(session: SessionState): string {
  const { sessionKey, generation, openedAt } = session;
  session.idBase ??= shortSha256(16, "session", sessionKey, generation, openedAt);
  return session.idBase;
}

/** Id of the session's next record: equal when the same facts are told again, so delivery may repeat. */
export function nextRecordId(session: SessionState, type: string): string {
  return `${idBase(session)}-${type}-${session.ordinal++}`;
}

/** A session key as an id that shows nothing: keys can hold telephone numbers. */
export const hashedKey = (key: string): string => sha256("key", key).slice(0, 16);

/**
 * Ids of a session's span: a root of its own trace, made from its identity.
 * They stick: what was written with them must find them again.
 */
export function sessionIds(session: SessionState): SpanIds {
  session.ids ??= {
    traceId: sha256("trace", idBase(session)).slice(0, 32),
    spanId: sha256("span", idBase(session)).slice(0, 16),
  };
  return session.ids;
}

/** The host's ids, where they are ours to use. */
const adopted = (trace: TraceIds | undefined): TraceIds | undefined =>
  trace?.isTaken === true ? undefined : trace;

/** The trace of a run that has none of the host's; `scope` is its session's id, or key where it has no id. */
export const ownTraceId = (scope: string, runId: string): string =>
  sha256("trace", scope, runId).slice(0, 32);

/** Ids of a run's span: the host's own where it has them, else a function of session id and run id. */
export function runIds(run: RunState): SpanIds {
  if (run.ids !== undefined) return run.ids;
  const scope = run.session.sessionId ?? run.session.sessionKey;
  const parent = run.spawn?.detached ? undefined : run.spawn?.run;
  const trace = adopted(run.trace);
  run.ids = {
    traceId:
      trace?.traceId ??
      (parent === undefined ? ownTraceId(scope, run.runId) : runIds(parent).traceId),
    spanId: trace?.spanId ?? sha256("run", scope, run.runId).slice(0, 16),
  };
  return run.ids;
}

/** Ids of a model or tool call's span, in its run's trace. */
export function callIds(run: RunState, call: CallState): SpanIds {
  const ofRun = runIds(run);
  call.ids ??= {
    traceId: ofRun.traceId,
    spanId:
      adopted(call.trace)?.spanId ??
      sha256(call.kind, ofRun.spanId, run.runId, call.callId).slice(0, 16),
  };
  return call.ids;
}
