import type { LifecycleEvent, ModelEnd, ToolEnd } from "../../lifecycle/events.ts";
import { costOf, usageOf } from "./amounts.ts";
import { endCompactionCall, noteCompaction } from "./compaction.ts";
import { type Fields, number, record, text } from "./fields.ts";
import type { HostEvent } from "./host-events.ts";
import { type HostTrace, type Memory, type RunMemory, rememberRun } from "./memory.ts";
import { type Events, join, NO_EVENTS, runOf, startRun, workOn } from "./runs.ts";
import { callTrace, hostTrace } from "./trace-ids.ts";

/** Diagnostics carry a call's trace themselves; typed hooks have it on their context. */
const modelTrace = ({ kind, event, ctx }: HostEvent): HostTrace | undefined =>
  hostTrace(kind === "diagnostic" ? event["trace"] : ctx["trace"]);

/** Each attempt counts its calls from 1 again: the call's span tells two calls of one id apart. */
function modelCallId(run: RunMemory, hostId: string, trace: HostTrace | undefined): string {
  const latest = run.callIdUses.get(hostId) ?? 0;
  if (trace === undefined) return numbered(hostId, Math.max(1, latest));
  const known = run.callIds.get(trace.spanId);
  if (known !== undefined) return known;
  run.callIdUses.set(hostId, latest + 1);
  const callId = numbered(hostId, latest + 1);
  run.callIds.set(trace.spanId, callId);
  return callId;
}

const numbered = (hostId: string, use: number): string => (use === 1 ? hostId : `${hostId}#${use}`);

export function startModelCall(memory: Memory, host: HostEvent): Events {
  const run = runOf(memory, host);
  const hostId = text(host.event["callId"]);
  if (run === undefined || hostId === undefined) return NO_EVENTS;
  const { event, time } = host;
  const trace = modelTrace(host);
  run.traceId ??= trace?.traceId;
  noteCompaction(memory, run, trace);
  const isNew = trace === undefined || !run.callIds.has(trace.spanId);
  const before = join(startRun(run, time), isNew ? workOn(run, time) : NO_EVENTS);
  return join(before, [
    {
      type: "model.start",
      time,
      runId: run.runId,
      callId: modelCallId(run, hostId, trace),
      provider: text(event["provider"]),
      model: text(event["model"]),
      trace: callTrace(trace),
    },
  ]);
}

/** `model_call_ended` knows no usage; the diagnostic that follows it does. */
export const endModelCall = (memory: Memory, host: HostEvent): Events =>
  modelEnd(memory, host, {
    partial: true,
    outcome: text(host.event["outcome"]) === "completed" ? "completed" : failure(host.event),
  });

export const completeModelCall = (memory: Memory, host: HostEvent): Events =>
  modelEnd(memory, host, { outcome: "completed" });

export const failModelCall = (memory: Memory, host: HostEvent): Events =>
  modelEnd(memory, host, { outcome: failure(host.event) });

const failure = (event: Fields): "failed" | "cancelled" =>
  text(event["failureKind"]) === "aborted" ? "cancelled" : "failed";

function modelEnd(
  memory: Memory,
  host: HostEvent,
  about: Pick<ModelEnd, "partial" | "outcome">,
): Events {
  const run = runOf(memory, host);
  const hostId = text(host.event["callId"]);
  if (run === undefined || hostId === undefined) return NO_EVENTS;
  const { event, time } = host;
  const trace = modelTrace(host);
  run.traceId ??= trace?.traceId;
  const end: ModelEnd = {
    type: "model.end",
    time,
    runId: run.runId,
    callId: modelCallId(run, hostId, trace),
    ...about,
    durationMs: number(event["durationMs"]),
    provider: text(event["provider"]),
    model: text(event["model"]),
    errorType: text(event["failureKind"]) ?? text(event["errorCategory"]),
    timeToFirstChunkMs: number(event["timeToFirstByteMs"]),
    requestBytes: number(event["requestPayloadBytes"]),
    responseBytes: number(event["responseStreamBytes"]),
    usage: usageOf(event["usage"]),
    cost: costOf(event["usage"]),
    trace: callTrace(trace),
  };
  const after = about.partial === true ? NO_EVENTS : endCompactionCall(run, host, about);
  return join(startRun(run, time), [end], after);
}

/** What the agent stream, the typed hooks and the diagnostics call the parts of a tool call. */
interface ToolFacts {
  readonly run: RunMemory;
  readonly callId: string;
  readonly name: string | undefined;
  readonly input: unknown;
  readonly data: Fields;
}

function toolFacts(memory: Memory, host: HostEvent): ToolFacts | undefined {
  const run = runOf(memory, host);
  const data = host.kind === "agent" ? record(host.event["data"]) : host.event;
  const callId = text(data["toolCallId"]);
  if (run === undefined || callId === undefined) return undefined;
  const name = text(data["toolName"]) ?? text(data["name"]);
  return { run, callId, name, input: data["args"] ?? data["params"], data };
}

const SPAWN_TOOL = "sessions_spawn";

/** The trace on `before_tool_call` is the run's, so only the diagnostic's is the call's own. */
const toolTrace = (host: HostEvent): HostTrace | undefined =>
  host.kind === "diagnostic" ? hostTrace(host.event["trace"]) : undefined;

export function startToolCall(memory: Memory, host: HostEvent): Events {
  const facts = toolFacts(memory, host);
  if (facts?.name === undefined) return NO_EVENTS;
  const { run, callId, name, input } = facts;
  if (!run.toolResults.has(callId)) run.openTools.set(callId, name);
  if (name === SPAWN_TOOL && !run.toolResults.has(callId)) run.spawnCalls.add(callId);
  const trace = toolTrace(host);
  run.traceId ??= trace?.traceId;
  return join(startRun(run, host.time), [
    {
      type: "tool.start",
      time: host.time,
      runId: run.runId,
      callId,
      name,
      input,
      trace: callTrace(trace),
    },
  ]);
}

/** An `item` of the agent stream is a tool call only where it says so. */
export function startItem(memory: Memory, host: HostEvent): Events {
  const isTool = text(record(host.event["data"])["kind"]) === "tool";
  return isTool ? startToolCall(memory, host) : NO_EVENTS;
}

/** The agent stream's result; what went wrong is said by the hook that follows. */
export function tellToolResult(memory: Memory, host: HostEvent): Events {
  const facts = toolFacts(memory, host);
  if (facts === undefined) return NO_EVENTS;
  const failed = facts.data["isError"] === true;
  return toolEnd(memory, host, facts, {
    outcome: failed ? "failed" : "completed",
    partial: failed,
  });
}

export function endToolCall(memory: Memory, host: HostEvent): Events {
  const facts = toolFacts(memory, host);
  if (facts === undefined) return NO_EVENTS;
  const error = text(facts.data["error"]);
  const failed = error !== undefined || record(facts.data["result"])["isError"] === true;
  return toolEnd(memory, host, facts, { outcome: failed ? "failed" : undefined, error });
}

type ToolEndFacts = Pick<ToolEnd, "partial" | "outcome" | "error" | "errorType">;

function toolEnd(memory: Memory, host: HostEvent, facts: ToolFacts, about: ToolEndFacts): Events {
  const { run, callId, name, data } = facts;
  const spawned = spawnedBy(memory, host.time, facts);
  run.spawnCalls.delete(callId);
  run.openTools.delete(callId);
  run.toolResults.add(callId);
  return join(startRun(run, host.time), spawned, [
    {
      type: "tool.end",
      time: host.time,
      runId: run.runId,
      callId,
      name,
      ...about,
      durationMs: number(data["durationMs"]),
      output: data["result"],
    },
  ]);
}

/** The result of a spawning tool names the child: that is the proof of which call spawned it. */
function spawnedBy(memory: Memory, time: number, facts: ToolFacts): Events {
  const { run, callId } = facts;
  if (facts.name !== SPAWN_TOOL || run.sessionKey === undefined) return NO_EVENTS;
  const details = record(record(facts.data["result"])["details"]);
  const runId = text(details["runId"]);
  const sessionKey = text(details["childSessionKey"]);
  if (runId === undefined || sessionKey === undefined) return NO_EVENTS;
  const child = rememberRun(memory, runId, time);
  child.isSubagent = true;
  child.sessionKey ??= sessionKey;
  child.parentRunId = run.runId;
  const spawn: LifecycleEvent = {
    type: "subagent.spawn",
    time,
    runId,
    sessionKey,
    parentSessionKey: run.sessionKey,
    parentRunId: run.runId,
    toolCallId: callId,
  };
  return [spawn];
}

type ToolOutcome = Pick<ToolEnd, "outcome" | "errorType">;

/** A diagnostic of a tool's end knows neither result nor error text: complete only if those came before. */
function toldToolEnd(memory: Memory, host: HostEvent, about: ToolOutcome): Events {
  const facts = toolFacts(memory, host);
  if (facts === undefined) return NO_EVENTS;
  const { run, callId, name, data } = facts;
  const trace = toolTrace(host);
  run.traceId ??= trace?.traceId;
  return join(startRun(run, host.time), [
    {
      type: "tool.end",
      time: host.time,
      runId: run.runId,
      callId,
      name,
      ...about,
      partial: !run.toolResults.has(callId),
      durationMs: number(data["durationMs"]),
      trace: callTrace(trace),
    },
  ]);
}

export const completeToolExecution = (memory: Memory, host: HostEvent): Events =>
  toldToolEnd(memory, host, {});

export const failToolExecution = (memory: Memory, host: HostEvent): Events =>
  toldToolEnd(memory, host, {
    outcome: failure(host.event),
    errorType: text(host.event["errorCategory"]) ?? text(host.event["errorType"]),
  });

export const blockToolExecution = (memory: Memory, host: HostEvent): Events =>
  toldToolEnd(memory, host, { outcome: "failed", errorType: "blocked" });
