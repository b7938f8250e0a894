import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { TranscriptCall } from "../../../src/adapters/cli-agents/transcript.ts";
import { createPriceBook } from "../../../src/pricing/price-book.ts";
import { brief, type Case, fixture, readCases } from "./home.ts";

test("a turn with a tool has the calls of both answers, with all that is known of them", async () => {
  const { calls } = await readCases("claude-code/tool");
  expect(calls).toHaveLength(2);
  expect(calls[0]).toEqual({
    agent: "claude-code",
    sessionId: "812f6418-1e00-4b0f-8bcf-7a42a49be153",
    subagent: undefined,
    cwd: "/LAB/proj-cc",
    branch: "master",
    end: {
      type: "model.end",
      time: Date.parse("2026-11-21T07:46:08.246Z"),
      runId: "812f6418-1e00-4b0f-8bcf-7a42a49be153",
      callId: "msg_mock2",
      provider: "anthropic",
      model: "claude-opus-5-5",
      responseModel: "claude-opus-5-5",
      responseId: "msg_mock2",
      finishReasons: ["tool_use"],
      usage: {
        inputTokens: 1502,
        outputTokens: 52,
        cacheReadTokens: 300,
        cacheWriteTokens: 200,
        cacheWrite1hTokens: 0,
        reasoningTokens: 0,
      },
      durationMs: undefined,
      cost: undefined,
    },
  });
});

test("an answer of several blocks stands on several lines and is one call, at its last line's time", async () => {
  const { calls } = await readCases("claude-code/two-tools");
  expect(calls.map(({ end }) => [end.responseId, end.usage?.outputTokens])).toEqual([
    ["msg_twotools_4", 54],
    ["msg_twotools_5", 55],
  ]);
  expect(calls[0]?.end.time).toBe(Date.parse("2026-11-21T11:26:58.826Z"));
});

test("an answer that a provider refused costs nothing and is no call", async () => {
  expect((await readCases("claude-code/fail500")).calls).toEqual([]);
});

test("a subagent's calls belong to the session, under the subagent's type", async () => {
  const { calls } = await readCases("claude-code/subagent");
  expect(calls.map(brief)).toEqual([
    "8928c564 claude-opus-5-5 1512 300 200 62 0",
    "8928c564 general-purpose claude-opus-5-5 1513 300 200 63 0",
    "8928c564 claude-opus-5-5 1514 300 200 64 0",
    "8928c564 general-purpose claude-opus-5-5 1515 300 200 65 0",
    "8928c564 claude-opus-5-5 1516 300 200 66 0",
    "8928c564 claude-opus-5-5 1517 300 200 67 0",
    "8928c564 claude-opus-5-5 1518 300 200 68 0",
  ]);
});

test("a fork repeats its session's lines under its own id: the calls stay with the session that made them", async () => {
  const { calls } = await readCases("claude-code/fork");
  const own = calls.filter(({ sessionId }) => sessionId.startsWith("bf609ea2"));
  expect(own.map(({ end }) => end.responseId)).toEqual(["msg_fork_13", "msg_fork_14"]);
  expect(new Set(calls.map(({ end }) => end.responseId)).size).toBe(9);
  expect(calls).toHaveLength(9);
});

test("version 2.0 writes subagents beside the session, and forks without saying so", async () => {
  const { calls } = await readCases("claude-code/version-2.0");
  expect(calls.map(brief)).toEqual([
    "439b5725 claude-sonnet-4-5-20250929 1508 300 200 58 -",
    "439b5725 subagent claude-haiku-4-5-20251001 1510 300 200 60 -",
    "439b5725 subagent claude-sonnet-4-5-20250929 1512 300 200 62 -",
    "439b5725 subagent claude-sonnet-4-5-20250929 1514 300 200 64 -",
    "439b5725 claude-sonnet-4-5-20250929 1515 300 200 65 -",
    "439b5725 claude-sonnet-4-5-20250929 1519 300 200 69 -",
    "439b5725 claude-sonnet-4-5-20250929 1521 300 200 71 -",
    "6c206c9f claude-sonnet-4-5-20250929 1523 300 200 73 -",
    "6c206c9f claude-sonnet-4-5-20250929 1527 300 200 77 -",
  ]);
});

interface OwnTotals {
  readonly totalCostUSD: number;
  readonly modelUsage: Readonly<
    Record<
      string,
      Readonly<Record<"inputTokens" | "outputTokens" | "cacheReadInputTokens", number>>
    >
  >;
}

/** What the program itself wrote as the session's totals, last of all. */
function ownTotals(name: Case, file: string): OwnTotals {
  const lines = readFileSync(path.join(fixture(name), "projects/-LAB-proj-cc", file), "utf8");
  const last = lines.split("\n").findLast((line) => line.includes('"cost-state"'));
  return JSON.parse(last ?? "{}");
}

async function costOf(calls: readonly TranscriptCall[]): Promise<number> {
  const { price } = await createPriceBook();
  const nanoUsd = calls.map(({ end: { provider, model = "", time, usage = {} } }) => {
    const priced = price({ provider, model, at: time, usage });
    if (priced === undefined) throw new Error(`no price for ${model}`);
    return priced.nanoUsd;
  });
  return nanoUsd.reduce((sum, each) => sum + each, 0);
}

test.each([
  ["claude-code/tool", "812f6418-1e00-4b0f-8bcf-7a42a49be153.jsonl"],
  ["claude-code/subagent", "8928c564-b719-4098-ac69-ca9df0dd4398.jsonl"],
  ["claude-code/two-tools", "999b5493-7f32-42a0-9053-cbb192aa6a5f.jsonl"],
  ["claude-code/compact", "a2b06db0-0276-4980-8e67-7d2df4808775.jsonl"],
] as const)("%s: tokens and cost are those that the program counted itself", async (name, file) => {
  const { calls } = await readCases(name);
  const own = ownTotals(name, file);
  const sum = (field: "inputTokens" | "outputTokens" | "cacheReadTokens" | "cacheWriteTokens") =>
    calls.reduce((total, { end }) => total + (end.usage?.[field] ?? 0), 0);
  expect(own.modelUsage).toMatchObject({
    "claude-opus-5-5": {
      inputTokens: sum("inputTokens") - sum("cacheReadTokens") - sum("cacheWriteTokens"),
      outputTokens: sum("outputTokens"),
      cacheReadInputTokens: sum("cacheReadTokens"),
      cacheCreationInputTokens: sum("cacheWriteTokens"),
    },
  });
  expect(await costOf(calls)).toBe(Math.round(own.totalCostUSD * 1e9));
});

test("what a compaction used stands in no line of its own: it is what the program's totals have more", async () => {
  const { calls } = await readCases("claude-code/compact");
  expect(calls.map(({ end }) => [end.callId, end.usage?.inputTokens, end.responseId])).toEqual([
    ["msg_compact_1", 1501, "msg_compact_1"],
    ["msg_compact_4", 1504, "msg_compact_4"],
    ["unlisted 0", 3005, undefined],
  ]);
});
