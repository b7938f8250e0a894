import type { Totals } from "../api-types.ts";
import type { Fields } from "./fields.ts";

/** The sums that sessions, turns and cost rows hold, and the order of their columns. */
export const totalFields = [
  "modelCalls",
  "toolCalls",
  "inputTokens",
  "outputTokens",
  "cacheReadTokens",
  "cacheWriteTokens",
  "reasoningTokens",
  "nanoUsd",
  "unknownCostCalls",
] as const satisfies readonly (keyof Totals)[];

export const createTotals = (): Totals => ({
  modelCalls: 0,
  toolCalls: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  nanoUsd: 0,
  unknownCostCalls: 0,
});

export function addTotals(into: Totals, more: Totals, sign: 1 | -1 = 1): Totals {
  for (const field of totalFields) into[field] += sign * more[field];
  return into;
}

export const isZero = (totals: Totals): boolean =>
  totalFields.every((field) => totals[field] === 0);

/** What a run's end says of the run as a whole; `undefined` where it says nothing. */
export function readRunTotals(fields: Fields): Totals | undefined {
  const modelCalls = fields.count("turnModelCalls");
  if (modelCalls === null) return undefined;
  return {
    modelCalls,
    toolCalls: fields.count("turnToolCalls") ?? 0,
    inputTokens: fields.count("turnInputTokens") ?? 0,
    outputTokens: fields.count("turnOutputTokens") ?? 0,
    cacheReadTokens: fields.count("turnCacheReadTokens") ?? 0,
    cacheWriteTokens: fields.count("turnCacheWriteTokens") ?? 0,
    reasoningTokens: fields.count("turnReasoningTokens") ?? 0,
    nanoUsd: fields.nanoUsd("turnCostUsd") ?? 0,
    unknownCostCalls: fields.count("turnUnknownCalls") ?? 0,
  };
}
