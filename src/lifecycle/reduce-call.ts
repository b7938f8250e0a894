import { redactText } from "../base/redact.ts";
import { ERROR_TYPE_VALUE_OTHER, GEN_AI_OPERATION_VALUE_CHAT } from "../semconv/gen-ai.ts";
import type {
  Cost,
  ModelEnd,
  ModelFirstChunk,
  ModelStart,
  ToolEnd,
  ToolStart,
  Usage,
} from "./events.ts";
import type { PriceCall } from "./records.ts";
import type { CallState, RunState } from "./state.ts";
import { findRun, type Step } from "./step.ts";
import { countCall, countRun, unexplainedCost, unexplainedUsage } from "./totals.ts";

function createCall(
  run: RunState,
  kind: CallState["kind"],
  about: { readonly callId: string; readonly time: number },
  name: string,
): CallState {
  const call: CallState = {
    kind,
    callId: about.callId,
    startTime: about.time,
    endTime: undefined,
    complete: false,
    name,
    provider: undefined,
    model: undefined,
    responseModel: undefined,
    responseId: undefined,
    finishReasons: undefined,
    stream: undefined,
    timeToFirstChunkMs: undefined,
    requestBytes: undefined,
    responseBytes: undefined,
    usage: undefined,
    cost: undefined,
    outcome: undefined,
    error: undefined,
    errorType: undefined,
    input: undefined,
    output: undefined,
    trace: undefined,
    ids: undefined,
    span: undefined,
  };
  run.calls.set(about.callId, call);
  return call;
}

function recordStart(step: Step, run: RunState, call: CallState): void {
  step.records.push({
    type: "call.start",
    time: call.startTime,
    session: run.session,
    run,
    call,
    id: "",
  });
}

export function startModelCall(step: Step, event: ModelStart): void {
  const run = findRun(step, event.runId);
  if (run === undefined) return;
  const known = run.calls.get(event.callId);
  const call =
    known ?? createCall(run, "model_call", event, event.operation ?? GEN_AI_OPERATION_VALUE_CHAT);
  if (call.complete) return;
  call.startTime = Math.min(call.startTime, event.time);
  call.provider ??= event.provider ?? run.provider;
  call.model ??= event.model;
  call.stream ??= event.stream;
  call.input ??= event.input;
  call.trace ??= event.trace;
  run.model ??= event.model;
  run.provider ??= event.provider;
  if (known === undefined) recordStart(step, run, call);
}

export function markFirstChunk(step: Step, event: ModelFirstChunk): void {
  const call = findRun(step, event.runId)?.calls.get(event.callId);
  if (call === undefined || call.complete) return;
  call.timeToFirstChunkMs ??= Math.max(0, event.time - call.startTime);
  call.stream ??= true;
}

export function startToolCall(step: Step, event: ToolStart): void {
  const run = findRun(step, event.runId);
  if (run === undefined) return;
  const known = run.calls.get(event.callId);
  const call = known ?? createCall(run, "tool_call", event, event.name);
  if (call.complete) return;
  call.startTime = Math.min(call.startTime, event.time);
  call.input ??= event.input;
  call.trace ??= event.trace;
  if (known === undefined) recordStart(step, run, call);
}

type CallEndEvent = ModelEnd | ToolEnd;

function callThatEnds(step: Step, run: RunState, event: CallEndEvent): CallState | undefined {
  const known = run.calls.get(event.callId);
  if (known !== undefined) return known.complete ? undefined : known;
  const isModel = event.type === "model.end";
  const call = createCall(
    run,
    isModel ? "model_call" : "tool_call",
    { callId: event.callId, time: event.time - (event.durationMs ?? 0) },
    isModel ? GEN_AI_OPERATION_VALUE_CHAT : (event.name ?? "unknown"),
  );
  if (isModel) call.model = event.model;
  recordStart(step, run, call);
  return call;
}

function mergeEnd(call: CallState, event: CallEndEvent): void {
  call.endTime = Math.min(call.endTime ?? event.time, event.time);
  call.outcome = worse(call.outcome, event.outcome);
  call.error ??= event.error === undefined ? undefined : redactText(event.error);
  call.errorType ??= event.errorType;
  call.trace ??= event.trace;
  call.output ??= event.output;
}

type CallOutcome = CallState["outcome"];
const rank = { completed: 0, failed: 1, cancelled: 2 } as const;

function worse(known: CallOutcome, told: CallOutcome): CallOutcome {
  if (known === undefined || told === undefined) return known ?? told;
  return rank[told] > rank[known] ? told : known;
}

export function endModelCall(step: Step, event: ModelEnd): void {
  const run = findRun(step, event.runId);
  const call = run === undefined ? undefined : callThatEnds(step, run, event);
  if (run === undefined || call === undefined) return;
  mergeEnd(call, event);
  call.provider ??= event.provider ?? run.provider;
  call.model ??= event.model;
  call.responseModel ??= event.responseModel;
  call.responseId ??= event.responseId;
  call.finishReasons ??= event.finishReasons;
  call.timeToFirstChunkMs ??= event.timeToFirstChunkMs;
  call.requestBytes ??= event.requestBytes;
  call.responseBytes ??= event.responseBytes;
  call.usage ??= knownUsage(event.usage);
  call.cost ??= knownCost(event.cost);
  finishWhenComplete(step, run, call, event);
}

export function endToolCall(step: Step, event: ToolEnd): void {
  const run = findRun(step, event.runId);
  const call = run === undefined ? undefined : callThatEnds(step, run, event);
  if (run === undefined || call === undefined) return;
  mergeEnd(call, event);
  finishWhenComplete(step, run, call, event);
}

/** A host that carries trace ids tells each call's own with one of its signals: wait for that one. */
function finishWhenComplete(step: Step, run: RunState, call: CallState, event: CallEndEvent): void {
  if (event.partial === true) return;
  if (run.trace?.spanId !== undefined && call.trace === undefined) return;
  finishCall(step, run, call);
}

function finishCall(step: Step, run: RunState, call: CallState): void {
  call.complete = true;
  call.outcome ??= "completed";
  call.endTime = Math.max(call.startTime, call.endTime ?? run.endTime);
  if (call.outcome === "failed") call.errorType ??= ERROR_TYPE_VALUE_OTHER;
  if (call.kind === "model_call") priceCall(step, call, call.endTime);
  countCall(run, call, call.endTime);
  step.records.push({
    type: "call.end",
    time: call.endTime,
    session: run.session,
    run,
    call,
    id: "",
  });
}

/** By the model that answered, at the call's date; the host's own cost wins. Never 0 for unknown. */
function priceCall(step: Step, call: CallState, at: number): void {
  if (call.cost !== undefined || call.usage === undefined) return;
  const model = call.responseModel ?? call.model;
  if (model === undefined) return;
  const { provider, usage } = call;
  call.cost = askPrice(step, { provider, model, at, usage });
}

/** A price is what a whole number of nano-dollars says; a book that throws or answers rubbish knows none. */
function askPrice(step: Step, call: Parameters<PriceCall>[0]): Cost | undefined {
  try {
    return knownCost(step.rules.price?.(call));
  } catch {
    return undefined;
  }
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

const knownCost = (cost: Cost | undefined): Cost | undefined =>
  cost !== undefined && isCount(cost.nanoUsd) ? cost : undefined;

/** Token counts without those that are none: one NaN would stay in every sum. */
function knownUsage(usage: Usage | undefined): Usage | undefined {
  if (usage === undefined) return undefined;
  const known = Object.entries(usage).filter(([, count]) => count === undefined || isCount(count));
  return Object.fromEntries(known);
}

/** At a run's close: ends what is still open, and gives what only the run's totals tell to the last call. */
export function finishOpenCalls(step: Step, run: RunState): void {
  const open = [...run.calls.values()].filter((call) => !call.complete);
  const silent = open.filter(
    (call) => call.kind === "model_call" && call.usage === undefined && call.endTime !== undefined,
  );
  const heir = silent.at(-1);
  for (const call of open) if (call !== heir) finishOpenCall(step, run, call);
  const usage = knownUsage(run.end?.usage);
  const cost = knownCost(run.end?.cost);
  if (heir !== undefined) {
    if (usage !== undefined) {
      heir.usage = unexplainedUsage(run, usage);
      heir.cost ??= unexplainedCost(run, cost);
    }
    finishOpenCall(step, run, heir);
  }
  if (usage !== undefined && run.totals.modelCalls === 0) {
    countRun(run, usage, cost ?? priceRun(step, run, usage), run.endTime);
  }
}

function finishOpenCall(step: Step, run: RunState, call: CallState): void {
  if (call.endTime === undefined) call.outcome = "cancelled";
  finishCall(step, run, call);
}

function priceRun(
  step: Step,
  run: RunState,
  usage: NonNullable<ModelEnd["usage"]>,
): ModelEnd["cost"] {
  if (run.model === undefined) return undefined;
  const { provider, model, endTime: at } = run;
  return askPrice(step, { provider, model, at, usage });
}
