import { GEN_AI_OPERATION_VALUE_CHAT } from "../semconv/gen-ai.ts";
import {
  type CallEndEvent,
  createCall,
  finishCall,
  mergeEnd,
  recordStart,
  tellAnswer,
} from "./calls.ts";
import type { ModelEnd, ModelFirstChunk, ModelStart, ToolEnd, ToolStart } from "./events.ts";
import { bookLateCall } from "./rest-of-run.ts";
import { type CallState, findCall, type RunState } from "./state.ts";
import { findRun, type Step } from "./step.ts";

export function startModelCall(step: Step, event: ModelStart): void {
  const run = findRun(step, event.runId);
  if (run === undefined) return;
  const known = findCall(run, "model_call", event.callId);
  const operation = event.operation ?? GEN_AI_OPERATION_VALUE_CHAT;
  const call = known ?? createCall(run, "model_call", event, operation, false);
  if (call.complete) return;
  call.startTime = Math.min(call.startTime, event.time);
  call.provider ??= event.provider ?? run.provider;
  call.model ??= event.model;
  call.stream ??= event.stream;
  if (step.rules.keepsContent !== false) call.input ??= event.input;
  call.trace ??= event.trace;
  run.model ??= event.model;
  run.provider ??= event.provider;
  if (known === undefined) recordStart(step, run, call);
}

export function markFirstChunk(step: Step, event: ModelFirstChunk): void {
  const run = findRun(step, event.runId);
  const call = run && findCall(run, "model_call", event.callId);
  if (call === undefined || call.complete) return;
  call.timeToFirstChunkMs ??= Math.max(0, event.time - call.startTime);
  call.stream ??= true;
}

export function startToolCall(step: Step, event: ToolStart): void {
  const run = findRun(step, event.runId);
  if (run === undefined) return;
  const known = findCall(run, "tool_call", event.callId);
  const call = known ?? createCall(run, "tool_call", event, event.name, false);
  if (call.complete) return;
  call.startTime = Math.min(call.startTime, event.time);
  if (step.rules.keepsContent !== false) call.input ??= event.input;
  call.trace ??= event.trace;
  if (known === undefined) recordStart(step, run, call);
}

function callThatEnds(step: Step, run: RunState, event: CallEndEvent): CallState | undefined {
  const isModel = event.type === "model.end";
  const kind = isModel ? "model_call" : "tool_call";
  const known = findCall(run, kind, event.callId);
  if (known !== undefined) return known.complete ? undefined : known;
  const call = createCall(
    run,
    kind,
    { callId: event.callId, time: event.time - (event.durationMs ?? 0) },
    isModel ? GEN_AI_OPERATION_VALUE_CHAT : (event.name ?? "unknown"),
    false,
  );
  if (isModel) call.model = event.model;
  recordStart(step, run, call);
  return call;
}

export function endModelCall(step: Step, event: ModelEnd): void {
  const run = step.state.runs.get(event.runId);
  if (run === undefined) {
    if (!bookLateCall(step, event)) step.state.lateEvents += 1;
    return;
  }
  const call = callThatEnds(step, run, event);
  if (call === undefined) return;
  mergeEnd(step, call, event);
  tellAnswer(run, call, event);
  finishWhenComplete(step, run, call, event);
}

export function endToolCall(step: Step, event: ToolEnd): void {
  const run = findRun(step, event.runId);
  const call = run === undefined ? undefined : callThatEnds(step, run, event);
  if (run === undefined || call === undefined) return;
  mergeEnd(step, call, event);
  finishWhenComplete(step, run, call, event);
}

/** A host that carries trace ids tells each call's own with one of its signals: wait for that one. */
function finishWhenComplete(step: Step, run: RunState, call: CallState, event: CallEndEvent): void {
  if (event.partial === true) return;
  if (run.trace?.spanId !== undefined && call.trace === undefined) return;
  finishCall(step, run, call);
}
