import type { StopReason, Usage } from "./events.ts";

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null;

const count = (fields: unknown, key: string): number | undefined => {
  const value = isFields(fields) ? fields[key] : undefined;
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
};

const first = (...counts: readonly (number | undefined)[]): number | undefined =>
  counts.find((value) => value !== undefined);

/** How each provider's answer spells its counts. Only Anthropic's input leaves cached tokens out. */
const shapes: readonly {
  /** One of these is a count in it. */
  readonly has: readonly string[];
  readonly read: (raw: Fields) => Usage;
}[] = [
  { has: ["inputTokens", "outputTokens"], read: readPlain },
  // Vercel AI SDK 4.
  {
    has: ["promptTokens", "completionTokens"],
    read: (raw) => ({
      inputTokens: count(raw, "promptTokens"),
      outputTokens: count(raw, "completionTokens"),
    }),
  },
  // OpenAI, chat completions.
  {
    has: ["prompt_tokens", "completion_tokens"],
    read: (raw) => ({
      inputTokens: count(raw, "prompt_tokens"),
      outputTokens: count(raw, "completion_tokens"),
      cacheReadTokens: count(raw["prompt_tokens_details"], "cached_tokens"),
      reasoningTokens: count(raw["completion_tokens_details"], "reasoning_tokens"),
    }),
  },
  { has: ["cache_read_input_tokens", "cache_creation_input_tokens"], read: readAnthropic },
  // OpenAI, responses; Anthropic without a cache.
  {
    has: ["input_tokens", "output_tokens"],
    read: (raw) => ({
      inputTokens: count(raw, "input_tokens"),
      outputTokens: count(raw, "output_tokens"),
      cacheReadTokens: count(raw["input_tokens_details"], "cached_tokens"),
      reasoningTokens: count(raw["output_tokens_details"], "reasoning_tokens"),
    }),
  },
  // Gemini.
  {
    has: ["promptTokenCount", "candidatesTokenCount"],
    read: (raw) => ({
      inputTokens: count(raw, "promptTokenCount"),
      outputTokens:
        (count(raw, "candidatesTokenCount") ?? 0) + (count(raw, "thoughtsTokenCount") ?? 0),
      cacheReadTokens: count(raw, "cachedContentTokenCount"),
      reasoningTokens: count(raw, "thoughtsTokenCount"),
    }),
  },
];

/** Counts in our words, and the Vercel AI SDK's: cached ones beside them in 5, one level down in 6. */
function readPlain(raw: Fields): Usage {
  const { inputTokenDetails: input, outputTokenDetails: output } = raw;
  return {
    inputTokens: count(raw, "inputTokens"),
    outputTokens: count(raw, "outputTokens"),
    cacheReadTokens: first(
      count(raw, "cacheReadTokens"),
      count(input, "cacheReadTokens"),
      count(raw, "cachedInputTokens"),
    ),
    cacheWriteTokens: first(count(raw, "cacheWriteTokens"), count(input, "cacheWriteTokens")),
    cacheWrite1hTokens: count(raw, "cacheWrite1hTokens"),
    reasoningTokens: first(count(raw, "reasoningTokens"), count(output, "reasoningTokens")),
  };
}

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
    return shapes.find(({ has }) => has.some((key) => count(raw, key) !== undefined))?.read(raw);
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
