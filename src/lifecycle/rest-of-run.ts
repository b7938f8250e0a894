import { GEN_AI_OPERATION_VALUE_CHAT } from "../semconv/gen-ai.ts";
import {
  createCall,
  finishCall,
  knownCost,
  knownUsage,
  mergeEnd,
  recordStart,
  tellAnswer,
} from "./calls.ts";
import type { Cost, ModelEnd, Usage } from "./events.ts";
import { type CallState, findCall, type RunState } from "./state.ts";
import type { Step } from "./step.ts";
import { unexplainedCost, unexplainedUsage } from "./totals.ts";

/**
 * At a run's close: ends what is still open, and books what only the run's totals tell: on the last call
 * that ended without a word of its own, else on a call made up for it. Says whether a call was cut off
 * whose money may still come.
 */
export function finishOpenCalls(step: Step, run: RunState): boolean {
  const open = [...run.calls.values()].filter((call) => !call.complete);
  const heir = open.findLast((call) => isSilent(call) && call.endTime !== undefined);
  for (const call of open) if (call !== heir) finishOpenCall(step, run, call);
  const usage = knownUsage(run.end?.usage);
  const cost = knownCost(run.end?.cost);
  if (heir !== undefined) {
    heir.usage = usage && unexplainedUsage(run, usage);
    heir.cost ??= cost && unexplainedCost(run, cost);
    finishOpenCall(step, run, heir);
    return open.some(isCutOff);
  }
  const hasRest = bookRest(step, run, usage, cost);
  return !hasRest && open.some(isCutOff);
}

const isSilent = (call: CallState): boolean =>
  call.kind === "model_call" && call.usage === undefined && call.cost === undefined;

const isCutOff = (call: CallState): boolean => isSilent(call) && call.outcome === "cancelled";

function finishOpenCall(step: Step, run: RunState, call: CallState): void {
  if (call.endTime === undefined) call.outcome = "cancelled";
  finishCall(step, run, call);
}

/** Where no call told of its tokens, or not every one did, the rest of the run's is a call of its own. */
function bookRest(
  step: Step,
  run: RunState,
  usage: Usage | undefined,
  cost: Cost | undefined,
): boolean {
  const isExplained = run.totals.modelCalls > 0 && ![...run.calls.values()].some(isSilent);
  if (isExplained) return false;
  const restUsage = usage && unexplainedUsage(run, usage);
  const restCost = cost && unexplainedCost(run, cost);
  if (!hasTokens(restUsage) && !(restCost !== undefined && restCost.nanoUsd > 0)) return false;
  const rest = createRest(run, { callId: "rest", time: run.startTime });
  rest.endTime = run.endTime;
  rest.usage = restUsage;
  rest.cost = restCost;
  recordStart(step, run, rest);
  finishCall(step, run, rest);
  return true;
}

const hasTokens = (usage: Usage | undefined): boolean =>
  usage !== undefined && Object.values(usage).some((count) => count > 0);

/** The money of a call that was cut off by its run's or session's end: spent, whatever has ended meanwhile. */
export function bookLateCall(step: Step, event: ModelEnd): boolean {
  const run = step.state.closedRuns.get(event.runId);
  const cut = run && findCall(run, "model_call", event.callId);
  if (run === undefined || cut === undefined || !isCutOff(cut)) return false;
  const callId = `${event.callId}+rest`;
  if (!hasMoney(event) || findCall(run, "model_call", callId) !== undefined) return false;
  const rest = createRest(run, { callId, time: cut.startTime });
  rest.model = cut.model;
  rest.provider = cut.provider;
  rest.name = cut.name;
  mergeEnd(step, rest, event);
  tellAnswer(run, rest, event);
  recordStart(step, run, rest);
  finishCall(step, run, rest);
  return true;
}

const hasMoney = (event: ModelEnd): boolean =>
  hasTokens(knownUsage(event.usage)) || knownCost(event.cost) !== undefined;

function createRest(run: RunState, about: { readonly callId: string; readonly time: number }) {
  const rest = createCall(run, "model_call", about, GEN_AI_OPERATION_VALUE_CHAT, true);
  rest.provider = run.provider;
  rest.model = run.model;
  return rest;
}
