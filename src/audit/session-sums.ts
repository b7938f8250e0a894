import type { StopReason } from "../lifecycle/events.ts";
import type { WireRecord } from "../lifecycle/record-log.ts";
import { createTotals, type Totals } from "../lifecycle/state.ts";
import * as own from "../semconv/turnspan.ts";

/** What a session's records add up to: enough to end it in its writer's place. */
export interface SessionSums {
  /** Next turn's index. */
  turns: number;
  stopReason: StopReason;
  readonly totals: Totals;
}

export const createSums = (): SessionSums => ({
  turns: 0,
  stopReason: "stop",
  totals: createTotals(),
});

/** All keys in canonical order: written by this list, an object's keys stand in its order. */
const SORTED_KEYS = Object.entries(createSums())
  .flatMap(([key, value]) => [key, ...(typeof value === "object" ? Object.keys(value) : [])])
  .toSorted();

/** Sums as canonical JSON. */
export const sumsJson = (sums: SessionSums): string => JSON.stringify(sums, SORTED_KEYS);

const NANO = 1e9;

/** Which attribute of a turn's end adds to which total. */
const rows = [
  ["modelCalls", own.ATTR_TURN_MODEL_CALLS, 1],
  ["toolCalls", own.ATTR_TURN_TOOL_CALLS, 1],
  ["inputTokens", own.ATTR_TURN_INPUT_TOKENS, 1],
  ["outputTokens", own.ATTR_TURN_OUTPUT_TOKENS, 1],
  ["cacheReadTokens", own.ATTR_TURN_CACHE_READ_TOKENS, 1],
  ["cacheWriteTokens", own.ATTR_TURN_CACHE_WRITE_TOKENS, 1],
  ["reasoningTokens", own.ATTR_TURN_REASONING_TOKENS, 1],
  ["nanoUsd", own.ATTR_TURN_COST_USD, NANO],
  ["unknownCostCalls", own.ATTR_TURN_COST_UNKNOWN_CALLS, 1],
] as const satisfies readonly (readonly [keyof Totals, string, number])[];

/** Takes the start of one of the session's turns. */
export function addTurnStart(sums: SessionSums, { attributes }: WireRecord): void {
  const index = attributes[own.ATTR_TURN_INDEX];
  if (typeof index === "number" && index >= sums.turns) sums.turns = index + 1;
}

/** Takes the end of one of the session's turns, or of a subagent's run, which counts into its spawner's. */
export function addRunEnd(sums: SessionSums, { attributes }: WireRecord): void {
  for (const [total, name, factor] of rows) {
    const value = attributes[name];
    if (typeof value === "number") sums.totals[total] += Math.round(value * factor);
  }
}

const BAD_OUTCOMES: readonly unknown[] = ["failed", "abandoned"];

/** The stop reason of a session is that of its last turn, `error` if that went wrong. */
export function setStopReason(sums: SessionSums, { attributes }: WireRecord): void {
  const outcome = attributes[own.ATTR_TURN_OUTCOME];
  const said = outcome === "completed" ? attributes[own.ATTR_TURN_STOP_REASON] : undefined;
  if (BAD_OUTCOMES.includes(outcome)) sums.stopReason = "error";
  else sums.stopReason = (said as StopReason | undefined) ?? "stop";
}
