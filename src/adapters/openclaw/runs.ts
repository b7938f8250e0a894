import type { LifecycleEvent, RunStart, TraceIds } from "../../lifecycle/events.ts";
import { text } from "./fields.ts";
import type { HostEvent } from "./host-events.ts";
import { type HostTrace, type Memory, type RunMemory, rememberRun } from "./memory.ts";
import { adoptSpan, isAnnouncement, noteRunSpan } from "./trace-ids.ts";

export type Events = readonly LifecycleEvent[];
export const NO_EVENTS: Events = Object.freeze([]);

/** Session keys of the gateway's start with `agent:<agent id>:`. */
export function agentOf(sessionKey: string | undefined): string | undefined {
  if (sessionKey?.startsWith("agent:") !== true) return undefined;
  return text(sessionKey.split(":", 2)[1]);
}

export const sessionKeyOf = ({ event, ctx }: HostEvent): string | undefined =>
  text(event["sessionKey"]) ?? text(ctx["sessionKey"]);

/** The run that a payload speaks of, with what the payload tells of it. */
export function runOf(memory: Memory, host: HostEvent): RunMemory | undefined {
  const { event, ctx } = host;
  const runId = text(event["runId"]) ?? text(ctx["runId"]);
  if (runId === undefined) return undefined;
  const run = rememberRun(memory, runId, host.time);
  if (host.time < run.firstSign) run.firstSign = host.time;
  if (run.isStarted) return run;
  run.sessionKey ??= sessionKeyOf(host);
  run.sessionId ??= text(event["sessionId"]) ?? text(ctx["sessionId"]);
  run.agentId ??= text(event["agentId"]) ?? text(ctx["agentId"]);
  run.provider ??= text(event["provider"]) ?? text(ctx["modelProviderId"]);
  run.model ??= text(event["model"]) ?? text(ctx["modelId"]);
  run.trigger ??= text(event["trigger"]) ?? text(ctx["trigger"]);
  run.channel ??= text(event["channel"]) ?? text(ctx["channel"]);
  run.message ??= text(event["cleanedBody"]) ?? text(event["prompt"]);
  return run;
}

/** Starts a run of which something is told that needs it, with as much of its trace as is known. */
export function startRun(run: RunMemory, time: number): Events {
  if (run.isStarted || run.sessionKey === undefined) return NO_EVENTS;
  return begin(run, time, run.sessionKey, run.trace ?? knownTrace(run));
}

const knownTrace = (run: RunMemory): TraceIds | undefined =>
  run.traceId === undefined ? undefined : { traceId: run.traceId };

function begin(
  run: RunMemory,
  time: number,
  sessionKey: string,
  trace: TraceIds | undefined,
): Events {
  run.isStarted = true;
  const { provider, model } = run;
  const start: RunStart = {
    type: "run.start",
    time,
    runId: run.runId,
    sessionKey,
    sessionId: run.sessionId,
    agentId: run.agentId ?? agentOf(sessionKey),
    startedAt: run.firstSign,
    provider,
    model,
    trigger: isAnnouncement(run.runId) ? "announce" : run.trigger,
    channel: run.channel,
    message: run.message,
    settings: model === undefined ? undefined : { model: joinModel(provider, model) },
    trace,
  };
  return [start];
}

/** A model's name as patches of the gateway's give it. */
export const joinModel = (provider: string | undefined, model: string): string =>
  provider === undefined ? model : `${provider}/${model}`;

/**
 * Learns a run's ids from its harness's span. A run that has started without them is told of them; one
 * that has not waits for a hook or an agent event, which say more than the diagnostics that come first.
 */
export function noteHarness(
  memory: Memory,
  run: RunMemory,
  harness: HostTrace | undefined,
  time: number,
): Events {
  const { sessionKey } = run;
  if (harness === undefined || sessionKey === undefined) return NO_EVENTS;
  if (run.trace !== undefined) {
    noteRunSpan(memory, run, harness);
    return NO_EVENTS;
  }
  run.trace = adoptSpan(memory, run, harness);
  return run.isStarted ? [traceNews(run, sessionKey, time, run.trace)] : NO_EVENTS;
}

/** Ids that came to be known after the run's start. */
export const traceNews = (
  run: RunMemory,
  sessionKey: string,
  time: number,
  trace: TraceIds,
): RunStart => ({ type: "run.start", time, runId: run.runId, sessionKey, trace });

/** A sign that the agent is at work: after an end it means that the host tries the run again. */
export function workOn(run: RunMemory, time: number): Events {
  run.retryAt = Number.NEGATIVE_INFINITY;
  if (run.isCompaction || run.endedAt === undefined || time < run.endedAt) return NO_EVENTS;
  return beginAttempt(run, time, { reason: "continued" });
}

/** Counts a further attempt: what was said of an end was the attempt's. */
export function beginAttempt(
  run: RunMemory,
  time: number,
  about: { readonly reason?: string | undefined; readonly delayMs?: number | undefined },
): Events {
  run.attempts += 1;
  run.endedAt = undefined;
  run.modelError = undefined;
  return [{ type: "run.attempt", time, runId: run.runId, attempt: run.attempts, ...about }];
}

/** Joins the few events that one host event becomes. */
export function join(...parts: readonly Events[]): Events {
  let joined = NO_EVENTS;
  for (const part of parts) {
    if (part.length > 0) joined = joined.length === 0 ? part : [...joined, ...part];
  }
  return joined;
}
