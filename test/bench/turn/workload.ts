import type { Cost, Usage } from "../../../src/lifecycle/events.ts";

/** One model call of the turn, and what the model answers. */
export interface ModelWork {
  readonly provider: string;
  readonly model: string;
  readonly responseModel: string;
  readonly responseId: string;
  readonly stopReason: string;
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
}

export interface ToolWork {
  readonly name: string;
  readonly callId: string;
}

const models = { provider: "anthropic", model: "claude-large", responseModel: "claude-large-1" };

/** Three model calls with two rounds of tools between them: five tools in all. */
export const modelWork: readonly [ModelWork, ModelWork, ModelWork] = [
  {
    ...models,
    responseId: "msg_1",
    stopReason: "tool_use",
    usage: { inputTokens: 1200, outputTokens: 80 },
  },
  {
    ...models,
    responseId: "msg_2",
    stopReason: "tool_use",
    usage: { inputTokens: 2400, outputTokens: 120 },
  },
  {
    ...models,
    responseId: "msg_3",
    stopReason: "end_turn",
    usage: { inputTokens: 3100, outputTokens: 400 },
  },
];

export const toolWork: readonly (readonly ToolWork[])[] = [
  [
    { name: "read_file", callId: "call_1" },
    { name: "search", callId: "call_2" },
  ],
  [
    { name: "edit_file", callId: "call_3" },
    { name: "run_tests", callId: "call_4" },
    { name: "read_file", callId: "call_5" },
  ],
];

export const SPANS = 9;

export const agent = { id: "support", provider: models.provider, model: models.model } as const;
export const session = { key: "web:42", id: "0f8a5c1e-7d8e-4b7e-9a53-2f6f0d7f1a11" } as const;
export const actor = { kind: "operator", id: "u-7" } as const;
export const PATCH_SOURCE = "settings";

/** Both patches change something each time. */
export const patchOf = (turn: number): readonly [{ model: string }, { thinkingLevel: string }] =>
  turn % 2 === 0
    ? [{ model: "claude-small" }, { thinkingLevel: "high" }]
    : [{ model: "claude-large" }, { thinkingLevel: "low" }];

/** Stands for the network: a promise that is already kept. */
export async function callModel(work: ModelWork): Promise<ModelWork> {
  return work;
}

export async function callTool(work: ToolWork): Promise<string> {
  return work.name;
}

const IN_NANO_USD = 3000;
const OUT_NANO_USD = 15_000;

export const priceOf = ({ inputTokens = 0, outputTokens = 0 }: Usage): Cost => ({
  nanoUsd: inputTokens * IN_NANO_USD + outputTokens * OUT_NANO_USD,
  source: "list",
});
