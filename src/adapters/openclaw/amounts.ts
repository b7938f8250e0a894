import type { Cost, StopReason, Usage } from "../../lifecycle/events.ts";
import { number, record, text } from "./fields.ts";

const NANO_USD = 1_000_000_000;

/** Token counts: the host's input leaves out cached tokens, ours counts them in. */
export function usageOf(value: unknown): Usage | undefined {
  const usage = record(value);
  const input = number(usage["input"]);
  const outputTokens = number(usage["output"]);
  if (input === undefined && outputTokens === undefined) return undefined;
  const cacheReadTokens = number(usage["cacheRead"]);
  const cacheWriteTokens = number(usage["cacheWrite"]);
  return {
    inputTokens: (input ?? 0) + (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0),
    outputTokens: outputTokens ?? 0,
    cacheReadTokens,
    cacheWriteTokens,
  };
}

/** The host's own cost in nano-dollars. It says 0 for models it knows no price of: that is no cost. */
export function costOf(value: unknown): Cost | undefined {
  const total = number(record(record(value)["cost"])["total"]);
  if (total === undefined || total < 0) return undefined;
  const usage = usageOf(value);
  const tokens = (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0);
  if (total === 0 && tokens > 0) return undefined;
  return { nanoUsd: Math.round(total * NANO_USD), source: "host" };
}

const STOP_REASONS: ReadonlyMap<string, StopReason> = new Map<string, StopReason>([
  ["stop", "stop"],
  ["end_turn", "stop"],
  ["completed", "stop"],
  ["toolUse", "toolUse"],
  ["tool_use", "toolUse"],
  ["tool_calls", "toolUse"],
  ["length", "maxTokens"],
  ["max_tokens", "maxTokens"],
  ["maxTokens", "maxTokens"],
  ["error", "error"],
]);

export const stopReasonOf = (value: unknown): StopReason | undefined =>
  STOP_REASONS.get(text(value) ?? "");
