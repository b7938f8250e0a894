import { noteRpc } from "./actors.ts";
import { number, record, text } from "./fields.ts";
import type { HostEvent } from "./host-events.ts";
import { type Memory, type RunMemory, rememberRun } from "./memory.ts";
import {
  beginAttempt,
  type Events,
  join,
  NO_EVENTS,
  noteHarness,
  runOf,
  startRun,
  traceNews,
  workOn,
} from "./runs.ts";
import { hostTrace, noteRequest, noteRunSpan } from "./trace-ids.ts";

/** A first sign of a run, before its trace is known. */
export function seeRun(memory: Memory, host: HostEvent): Events {
  runOf(memory, host);
  return NO_EVENTS;
}

/** A diagnostic on the way of a request; may name the span of a caller outside. */
export function seeRequest(memory: Memory, host: HostEvent): Events {
  runOf(memory, host);
  noteRpc(memory, host);
  const news = noteRequest(memory, hostTrace(host.event["trace"]));
  if (news?.run.sessionKey === undefined) return NO_EVENTS;
  return [traceNews(news.run, news.run.sessionKey, host.time, news.trace)];
}

/** `harness.run.started`: its span is the one below the request. */
export function startHarness(memory: Memory, host: HostEvent): Events {
  const run = runOf(memory, host);
  if (run === undefined) return NO_EVENTS;
  return noteHarness(memory, run, hostTrace(host.event["trace"]), host.time);
}

/** `run.started`: a span of the gateway's own between harness and calls. */
export function startHostRun(memory: Memory, host: HostEvent): Events {
  const run = runOf(memory, host);
  const trace = hostTrace(host.event["trace"]);
  if (run === undefined || trace === undefined) return NO_EVENTS;
  noteRunSpan(memory, run, trace);
  run.traceId ??= trace.traceId;
  return NO_EVENTS;
}

/** Hooks before the model is asked; on their context stands the harness's span. */
export function prepareTurn(memory: Memory, host: HostEvent): Events {
  const run = runOf(memory, host);
  if (run === undefined) return NO_EVENTS;
  const harness = hostTrace(host.ctx["trace"]);
  const news = noteHarness(memory, run, harness, host.time);
  const started = harness === undefined ? NO_EVENTS : startRun(run, host.time);
  return join(news, started, workOn(run, host.time));
}

/** Lifecycle phase `start`. */
export function startLifecycle(memory: Memory, host: HostEvent): Events {
  const run = runOf(memory, host);
  if (run === undefined) return NO_EVENTS;
  return join(startRun(run, host.time), workOn(run, host.time));
}

/**
 * The host tries again under the same run id, after a pause. It counts attempts in its own way, or not at
 * all, so we count ourselves; the same notice told twice has the same number.
 */
export function retryRun(memory: Memory, host: HostEvent): Events {
  const run = runOf(memory, host);
  if (run === undefined) return NO_EVENTS;
  const data = record(host.event["data"]);
  const attempt = number(data["attempt"]);
  if (attempt !== undefined && attempt === run.hostAttempt) return NO_EVENTS;
  run.hostAttempt = attempt;
  const delayMs = number(data["delayMs"]);
  run.retryAt = host.time + (delayMs ?? 0);
  const reason = text(data["reason"]) ?? text(data["message"]);
  return join(startRun(run, host.time), beginAttempt(run, host.time, { reason, delayMs }));
}

/** The payload's run is the child's; its context names the session that spawned it. */
export function spawnSubagent(memory: Memory, host: HostEvent): Events {
  const { event, ctx, time } = host;
  const runId = text(event["runId"]);
  const sessionKey = text(event["childSessionKey"]);
  const parentSessionKey = text(ctx["requesterSessionKey"]);
  if (runId === undefined || sessionKey === undefined || parentSessionKey === undefined) {
    return NO_EVENTS;
  }
  const parent = spawningRun(memory, parentSessionKey);
  const child = rememberRun(memory, runId, time);
  child.isSubagent = true;
  child.sessionKey ??= sessionKey;
  child.parentRunId ??= parent?.runId;
  return [
    {
      type: "subagent.spawn",
      time,
      runId,
      sessionKey,
      agentId: text(event["agentId"]),
      label: text(event["label"]),
      parentSessionKey,
      parentRunId: parent?.runId,
    },
  ];
}

/** The newest run of a session that is in the middle of spawning, else its newest open one. */
function spawningRun(memory: Memory, sessionKey: string): RunMemory | undefined {
  let open: RunMemory | undefined;
  let spawning: RunMemory | undefined;
  for (const run of memory.runs.values()) {
    if (run.sessionKey !== sessionKey || !run.isStarted || run.endedAt !== undefined) continue;
    open = run;
    if (run.spawnCalls.size > 0) spawning = run;
  }
  return spawning ?? open;
}
