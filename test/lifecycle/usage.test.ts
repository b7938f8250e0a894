import { expect, test } from "vitest";
import { readUsage } from "../../src/lifecycle/usage.ts";

const input = 100;
const output = 20;

test.each([
  [
    "Vercel AI SDK 4",
    { promptTokens: 100, completionTokens: 20, totalTokens: 120 },
    { inputTokens: input, outputTokens: output },
  ],
  [
    "Vercel AI SDK 4, with nothing known",
    { promptTokens: Number.NaN, completionTokens: Number.NaN },
    undefined,
  ],
  [
    "Vercel AI SDK 5",
    { inputTokens: 100, outputTokens: 20, cachedInputTokens: 40, reasoningTokens: 5 },
    { inputTokens: input, outputTokens: output, cacheReadTokens: 40, reasoningTokens: 5 },
  ],
  [
    "Vercel AI SDK 6",
    {
      inputTokens: 100,
      inputTokenDetails: { noCacheTokens: 50, cacheReadTokens: 40, cacheWriteTokens: 10 },
      outputTokens: 20,
      outputTokenDetails: { textTokens: 15, reasoningTokens: 5 },
    },
    {
      inputTokens: input,
      outputTokens: output,
      cacheReadTokens: 40,
      cacheWriteTokens: 10,
      reasoningTokens: 5,
    },
  ],
  ["output alone", { outputTokens: 20 }, { outputTokens: output }],
  ["output alone, snake case", { output_tokens: 20 }, { outputTokens: output }],
  ["completion alone", { completion_tokens: 20 }, { outputTokens: output }],
  [
    "Anthropic, with one-hour cache writes",
    {
      input_tokens: 10,
      output_tokens: 20,
      cache_read_input_tokens: 40,
      cache_creation_input_tokens: 50,
      cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 30 },
    },
    {
      inputTokens: input,
      outputTokens: output,
      cacheReadTokens: 40,
      cacheWriteTokens: 50,
      cacheWrite1hTokens: 30,
    },
  ],
  ["no usage", { total: 7 }, undefined],
])("%s", (_name, raw, usage) => {
  const read = readUsage(raw);
  expect(read && JSON.parse(JSON.stringify(read))).toEqual(usage);
});
