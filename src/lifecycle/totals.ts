import type { Cost, Usage } from "./events.ts";
import {
  type CallState,
  createTotals,
  type RunState,
  type SessionState,
  type Totals,
} from "./state.ts";

/** The session that answers for a run's cost: a subagent's own session counts into its spawner's. */
function rootSession(session: SessionState): SessionState {
  return session.parent === undefined ? session : rootSession(session.parent.session);
}

function addUsage(totals: Totals, usage: Usage): void {
  totals.inputTokens += usage.inputTokens ?? 0;
  totals.outputTokens += usage.outputTokens ?? 0;
  totals.cacheReadTokens += usage.cacheReadTokens ?? 0;
  totals.cacheWriteTokens += usage.cacheWriteTokens ?? 0;
  totals.reasoningTokens += usage.reasoningTokens ?? 0;
}

function addCall(totals: Totals, usage: Usage | undefined, cost: Cost | undefined): void {
  totals.modelCalls += 1;
  if (usage !== undefined) addUsage(totals, usage);
  if (cost !== undefined) totals.nanoUsd += cost.nanoUsd;
  if (cost === undefined) totals.unknownCostCalls += 1;
}

/** A call is paid in the segment it began in, whatever was changed while it ran. */
function addToSegment(session: SessionState, call: CallState): void {
  if (session.segments === undefined) openSegment(session, call.startTime);
  const { segments = [] } = session;
  const segment = segments.findLast(({ since }) => since <= call.startTime) ?? segments[0];
  if (segment === undefined) return;
  segment.modelCalls += 1;
  if (call.cost === undefined) segment.unknownCostCalls += 1;
  else segment.nanoUsd += call.cost.nanoUsd;
}

const MAX_SEGMENTS = 256;

/** Begins a cost segment; each change of the model does. Past the bound the last one goes on. */
export function openSegment(session: SessionState, since: number): void {
  session.segments ??= [];
  if (session.segments.length >= MAX_SEGMENTS) return;
  const model = session.settings?.["model"];
  session.segments.push({
    model: typeof model === "string" ? model : undefined,
    since,
    nanoUsd: 0,
    modelCalls: 0,
    unknownCostCalls: 0,
  });
}

/** Counts a finished call into its run and its session: each call once in either sum. */
export function countCall(run: RunState, call: CallState): void {
  const root = rootSession(run.session);
  root.totals ??= createTotals();
  if (call.kind === "tool_call") {
    run.totals.toolCalls += 1;
    root.totals.toolCalls += 1;
    return;
  }
  addCall(run.totals, call.usage, call.cost);
  addCall(root.totals, call.usage, call.cost);
  addToSegment(root, call);
}

const less = (whole: number | undefined, part: number): number | undefined =>
  whole === undefined ? undefined : Math.max(0, whole - part);

const atMost = (part: number | undefined, whole: number): number | undefined =>
  part === undefined ? undefined : Math.min(part, whole);

/** What of the run's own usage its counted calls do not explain. */
export function unexplainedUsage(run: RunState, whole: Usage): Usage {
  const { totals } = run;
  const cacheWriteTokens = less(whole.cacheWriteTokens, totals.cacheWriteTokens);
  return {
    inputTokens: less(whole.inputTokens, totals.inputTokens),
    outputTokens: less(whole.outputTokens, totals.outputTokens),
    cacheReadTokens: less(whole.cacheReadTokens, totals.cacheReadTokens),
    cacheWriteTokens,
    cacheWrite1hTokens: atMost(whole.cacheWrite1hTokens, cacheWriteTokens ?? 0),
    reasoningTokens: less(whole.reasoningTokens, totals.reasoningTokens),
  };
}

/** What of the run's own cost its counted calls do not explain. */
export const unexplainedCost = (run: RunState, whole: Cost): Cost => ({
  nanoUsd: Math.max(0, whole.nanoUsd - run.totals.nanoUsd),
  source: whole.source,
});
