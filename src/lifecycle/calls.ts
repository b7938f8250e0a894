import { ERROR_TYPE_VALUE_OTHER } from "../semconv/gen-ai.ts";
import type { Cost, ModelEnd, ToolEnd, Usage } from "./events.ts";
import { shownText } from "./free-text.ts";
import type { PriceCall } from "./records.ts";
import { addCall, type CallState, type RunState } from "./state.ts";
import type { Step } from "./step.ts";
import { countCall } from "./totals.ts";

export type CallEndEvent = ModelEnd | ToolEnd;

/** Makes a call of a run. `isRest`: it carries what no call of the host's told of. */
export function createCall(
  run: RunState,
  kind: CallState["kind"],
  about: { readonly callId: string; readonly time: number },
  name: string,
  isRest: boolean,
): CallState {
  const call: CallState = {
    kind,
    callId: about.callId,
    isRest,
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
  addCall(run, call);
  return call;
}

export function recordStart(step: Step, run: RunState, call: CallState): void {
  step.records.push({
    type: "call.start",
    time: call.startTime,
    session: run.session,
    run,
    call,
    id: "",
  });
}

/** Takes what an end tells of any call. */
export function mergeEnd(step: Step, call: CallState, event: CallEndEvent): void {
  call.endTime = Math.min(call.endTime ?? event.time, event.time);
  call.outcome = worse(call.outcome, event.outcome);
  call.error ??= event.error == null ? undefined : shownText(event.error);
  call.errorType ??= event.errorType == null ? undefined : shownText(event.errorType);
  call.trace ??= event.trace;
  if (step.rules.keepsContent !== false) call.output ??= event.output;
}

type CallOutcome = CallState["outcome"];
const rank = { completed: 0, failed: 1, cancelled: 2 } as const;

function worse(known: CallOutcome, told: CallOutcome): CallOutcome {
  if (known === undefined || told === undefined) return known ?? told;
  return rank[told] > rank[known] ? told : known;
}

/** Takes what a model answered. */
export function tellAnswer(run: RunState, call: CallState, event: ModelEnd): void {
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
}

/** Ends a call: it is priced, counted and told of. */
export function finishCall(step: Step, run: RunState, call: CallState): void {
  call.complete = true;
  call.outcome ??= "completed";
  call.endTime = Math.max(call.startTime, call.endTime ?? run.endTime);
  if (call.outcome === "failed") call.errorType ??= ERROR_TYPE_VALUE_OTHER;
  if (call.kind === "model_call") priceCall(step, call, call.endTime);
  countCall(run, call);
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

const knownCount = (value: number | undefined): number | undefined =>
  value !== undefined && isCount(value) ? value : undefined;

export const knownCost = (cost: Cost | undefined): Cost | undefined =>
  cost !== undefined && isCount(cost.nanoUsd) ? cost : undefined;

/** Token counts without those that are none: one NaN would stay in every sum. */
export function knownUsage(usage: Usage | undefined): Usage | undefined {
  if (usage === undefined) return undefined;
  return {
    inputTokens: knownCount(usage.inputTokens),
    outputTokens: knownCount(usage.outputTokens),
    cacheReadTokens: knownCount(usage.cacheReadTokens),
    cacheWriteTokens: knownCount(usage.cacheWriteTokens),
    cacheWrite1hTokens: knownCount(usage.cacheWrite1hTokens),
    reasoningTokens: knownCount(usage.reasoningTokens),
  };
}
