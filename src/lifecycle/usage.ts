import type { StopReason, Usage } from "./events.ts";

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null;

const count = (fields: unknown, key: string): number | undefined => {
  const value = isFields(fields) ? fields[key] : undefined;
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
};

/** How each provider's answer spells its counts. Only Anthropic's input leaves cached tokens out. */
const shapes: readonly {
  readonly has: string;
  readonly read: (raw: Fields) => Usage;
}[] = [
  {
    has: "inputTokens",
    read: (raw) => ({
      inputTokens: count(raw, "inputTokens"),
      outputTokens: count(raw, "outputTokens"),
      cacheReadTokens: count(raw, "cacheReadTokens") ?? count(raw, "cachedInputTokens"),
      cacheWriteTokens: count(raw, "cacheWriteTokens"),
      cacheWrite1hTokens: count(raw, "cacheWrite1hTokens"),
      reasoningTokens: count(raw, "reasoningTokens"),
    }),
  },
  {
    has: "prompt_tokens",
    read: (raw) => ({
      inputTokens: count(raw, "prompt_tokens"),
      outputTokens: count(raw, "completion_tokens"),
      cacheReadTokens: count(raw["prompt_tokens_details"], "cached_tokens"),
      reasoningTokens: count(raw["completion_tokens_details"], "reasoning_tokens"),
    }),
  },
  {
    has: "cache_read_input_tokens",
    read: readAnthropic,
  },
  {
    has: "cache_creation_input_tokens",
    read: readAnthropic,
  },
  {
    has: "input_tokens",
    read: (raw) => ({
      inputTokens: count(raw, "input_tokens"),
      outputTokens: count(raw, "output_tokens"),
      cacheReadTokens: count(raw["input_tokens_details"], "cached_tokens"),
      reasoningTokens: count(raw["output_tokens_details"], "reasoning_tokens"),
    }),
  },
  {
    has: "promptTokenCount",
    read: (raw) => ({
      inputTokens: count(raw, "promptTokenCount"),
      outputTokens:
        (count(raw, "candidatesTokenCount") ?? 0) + (count(raw, "thoughtsTokenCount") ?? 0),
      cacheReadTokens: count(raw, "cachedContentTokenCount"),
      reasoningTokens: count(raw, "thoughtsTokenCount"),
    }),
  },
];

function readAnthropic(raw: Fields): Usage {
  const cacheReadTokens = count(raw, "cache_read_input_tokens");
  const cacheWriteTokens = count(raw, "cache_creation_input_tokens");
  const plain = count(raw, "input_tokens") ?? 0;
  return {
    inputTokens: plain + (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0),
    outputTokens: count(raw, "output_tokens"),
    cacheReadTokens,
    cacheWriteTokens,
    cacheWrite1hTokens: count(raw["cache_creation"], "ephemeral_1h_input_tokens"),
  };
}

/**
 * Token counts from what a provider's client returned: Anthropic, OpenAI (both APIs), Gemini, the
 * Vercel AI SDK, or counts already in our words. Anything else is no usage, never an error.
 */
export function readUsage(raw: unknown): Usage | undefined {
  if (!isFields(raw)) return undefined;
  try {
    return shapes.find((shape) => count(raw, shape.has) !== undefined)?.read(raw);
  } catch {
    return undefined;
  }
}

const STOP_REASONS: Readonly<Record<string, StopReason>> = {
  stop: "stop",
  end_turn: "stop",
  stop_sequence: "stop",
  completed: "stop",
  STOP: "stop",
  toolUse: "toolUse",
  tool_use: "toolUse",
  tool_calls: "toolUse",
  "tool-calls": "toolUse",
  function_call: "toolUse",
  maxTokens: "maxTokens",
  max_tokens: "maxTokens",
  max_output_tokens: "maxTokens",
  length: "maxTokens",
  MAX_TOKENS: "maxTokens",
  error: "error",
};

/** A provider's finish reason in the words of the `session:end` hook; unknown ones are undefined. */
export const readStopReason = (reason: string | undefined): StopReason | undefined =>
  reason === undefined ? undefined : STOP_REASONS[reason];
