import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { brief, type Case, fixture, openHome, readCases } from "./home.ts";

test("a turn with a tool has the calls of both answers, with all that is known of them", async () => {
  const { calls } = await readCases("qwen-code/tool");
  expect(calls).toHaveLength(2);
  expect(calls[0]).toEqual({
    agent: "qwen-code",
    sessionId: "ac2d0dba-2c42-4a5b-9fb2-95d599bfc88d",
    subagent: undefined,
    cwd: "/LAB/proj-qw",
    branch: undefined,
    end: {
      type: "model.end",
      time: Date.parse("2026-11-21T07:50:10.444Z"),
      runId: "ac2d0dba-2c42-4a5b-9fb2-95d599bfc88d########0",
      callId: "chatcmpl-mock3",
      model: "qwen3-coder-plus",
      responseModel: "qwen3-coder-plus",
      responseId: "chatcmpl-mock3",
      usage: { inputTokens: 1003, outputTokens: 53, cacheReadTokens: 300, reasoningTokens: 0 },
      durationMs: 253,
      timeToFirstChunkMs: 251,
    },
  });
});

test("calls that a provider refused are no calls", async () => {
  expect((await readCases("qwen-code/fail500")).calls).toEqual([]);
});

test("a subagent's calls are told by the session's file and by its own, and are one call each", async () => {
  const { calls } = await readCases("qwen-code/subagent");
  const session = calls.filter(({ sessionId }) => sessionId.startsWith("9eee81ae"));
  expect(session.map(brief)).toEqual([
    "9eee81ae qwen3-coder-plus 1005 300 - 55 0",
    "9eee81ae general-purpose qwen3-coder-plus 1006 300 - 56 0",
    "9eee81ae qwen3-coder-plus 1007 300 - 57 0",
    "9eee81ae general-purpose qwen3-coder-plus 1008 300 - 58 0",
    "9eee81ae qwen3-coder-plus 1009 300 - 59 0",
    "9eee81ae qwen3-coder-plus 1010 300 - 60 0",
    "9eee81ae qwen3-coder-plus 1011 300 - 61 0",
  ]);
});

test("a helper of the program that has no file of its own is a subagent too", async () => {
  const { calls } = await readCases("qwen-code/subagent");
  const session = calls.filter(({ sessionId }) => sessionId.startsWith("1d2a9311"));
  expect(session.map(brief)).toEqual([
    "1d2a9311 qwen3-coder-plus 1001 300 - 51 0",
    "1d2a9311 managed-auto-memory-extractor qwen3-coder-plus 1002 300 - 52 0",
  ]);
});

test("where only a subagent's own file is left, its calls come from there", async () => {
  const { calls } = await readCases("qwen-code/only-subagent");
  expect(calls.map(brief)).toEqual([
    "4bb76607 general-purpose qwen3-coder-plus 1040 300 - 90 0",
    "4bb76607 general-purpose qwen3-coder-plus 1042 300 - 92 0",
  ]);
});

interface UsageRecord {
  readonly sessionId: string;
  readonly models: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** The program's own last word on each session. */
function usageRecords(name: Case): Map<string, UsageRecord> {
  const lines = readFileSync(path.join(fixture(name), "usage_record.jsonl"), "utf8");
  const records = lines.trimEnd().split("\n");
  return new Map(
    records.map((line): [string, UsageRecord] => {
      const record: UsageRecord = JSON.parse(line);
      return [record.sessionId, record];
    }),
  );
}

test.each([
  ["qwen-code/tool", 1],
  ["qwen-code/subagent", 2],
] as const)("%s: tokens are those that the program counted itself", async (name, sessions) => {
  const { calls } = await readCases(name);
  const bySession = Map.groupBy(calls, ({ sessionId }) => sessionId);
  expect(bySession.size).toBe(sessions);
  for (const [sessionId, own] of bySession) {
    const sum = (field: "inputTokens" | "outputTokens" | "cacheReadTokens") =>
      own.reduce((total, { end }) => total + (end.usage?.[field] ?? 0), 0);
    expect(usageRecords(name).get(sessionId)?.models).toMatchObject({
      "qwen3-coder-plus": {
        requests: own.length,
        inputTokens: sum("inputTokens"),
        outputTokens: sum("outputTokens"),
        cachedTokens: sum("cacheReadTokens"),
      },
    });
  }
});

const answer = (uuid: string, tokens: object): string =>
  JSON.stringify({
    uuid,
    parentUuid: null,
    sessionId: "s1",
    timestamp: "2026-11-21T08:00:00.000Z",
    type: "assistant",
    cwd: "/LAB",
    model: "qwen3-max",
    message: { role: "model", parts: [] },
    usageMetadata: tokens,
  });

test("versions that write no response events are read from their answers", async () => {
  using home = openHome();
  const counts = { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 };
  home.write(
    ".qwen/projects/p/chats/s1.jsonl",
    `${answer("u1", counts)}\n${answer("u2", counts)}\n${answer("u2", counts)}\n`,
  );
  expect((await home.read()).calls.map(brief)).toEqual([
    "s1 qwen3-max 10 0 - 5 0",
    "s1 qwen3-max 10 0 - 5 0",
  ]);
});

test("thoughts count once, whether the provider counts them within the answer or beside it", async () => {
  using home = openHome();
  const within = { promptTokenCount: 10, candidatesTokenCount: 5, thoughtsTokenCount: 3 };
  home.write(
    ".qwen/projects/p/chats/s1.jsonl",
    [
      answer("u1", { ...within, totalTokenCount: 15 }),
      answer("u2", { ...within, totalTokenCount: 18 }),
    ].join("\n"),
  );
  expect((await home.read()).calls.map(brief)).toEqual([
    "s1 qwen3-max 10 0 - 5 3",
    "s1 qwen3-max 10 0 - 8 3",
  ]);
});
