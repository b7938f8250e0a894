import { expect, test } from "vitest";
import { brief, openHome, readCases } from "./home.ts";

test("a turn with a tool has the calls of both answers, with all that is known of them", async () => {
  const { calls } = await readCases("gemini-cli/tool");
  expect(calls).toHaveLength(2);
  expect(calls[0]).toEqual({
    agent: "gemini-cli",
    sessionId: "aba10498-6859-4e58-893a-6d8ed116f396",
    subagent: undefined,
    cwd: "7d8f9e286992b56ddfe344ec530936b0d78cc7db44e5d028294aeec9ce624c0a",
    branch: undefined,
    end: {
      type: "model.end",
      time: Date.parse("2026-11-21T07:54:31.979Z"),
      runId: "aba10498-6859-4e58-893a-6d8ed116f396",
      callId: "a1398299-acac-4eef-9842-a77134e12b93",
      provider: "gcp.gemini",
      model: "gemini-2.5-pro",
      responseModel: "gemini-2.5-pro",
      usage: { inputTokens: 1002, outputTokens: 59, cacheReadTokens: 300, reasoningTokens: 7 },
    },
  });
});

test("a turn whose provider failed leaves no call", async () => {
  expect((await readCases("gemini-cli/fail500")).calls).toEqual([]);
});

test("an answer that is written again with its tool's result, and the history of a resumed session, count once", async () => {
  const { calls } = await readCases("gemini-cli/resume");
  expect(calls.map(brief)).toEqual([
    "3aaacdd0 gemini-2.5-pro 1008 300 - 65 7",
    "3aaacdd0 gemini-2.5-pro 1012 300 - 69 7",
    "3aaacdd0 gemini-2.5-pro 1013 300 - 70 7",
    "3aaacdd0 gemini-2.5-pro 1014 300 - 71 7",
  ]);
});

test("a subagent's file belongs to the session whose name its folder has, and is called what the session calls it", async () => {
  const { calls } = await readCases("gemini-cli/subagent");
  expect(calls.map(brief)).toEqual([
    "d828d0c5 gemini-2.5-pro 1002 300 - 59 7",
    "d828d0c5 generalist gemini-2.5-pro 1003 300 - 60 7",
    "d828d0c5 generalist gemini-2.5-pro 1004 300 - 61 7",
    "d828d0c5 generalist gemini-2.5-pro 1005 300 - 62 7",
    "d828d0c5 gemini-2.5-pro 1006 300 - 63 7",
    "d828d0c5 gemini-2.5-pro 1007 300 - 64 7",
    "d828d0c5 gemini-2.5-pro 1008 300 - 65 7",
  ]);
  expect(new Set(calls.map(({ cwd }) => cwd))).toEqual(new Set(["/LAB/proj-gm"]));
});

const message = (id: string, tokens: object): object => ({
  id,
  timestamp: "2026-01-05T10:00:00.000Z",
  type: "gemini",
  content: "",
  model: "gemini-3-pro",
  tokens,
});

test("older versions wrote one document a session", async () => {
  using home = openHome();
  const document = {
    sessionId: "b1",
    projectHash: "h1",
    startTime: "2026-01-05T09:59:00.000Z",
    messages: [
      { id: "m0", timestamp: "2026-01-05T09:59:01.000Z", type: "user", content: "hello" },
      message("m1", { input: 10, output: 4, cached: 2, thoughts: 3, tool: 5, total: 22 }),
      message("m2", { input: 20, output: 4, cached: 0, total: 24 }),
    ],
  };
  home.write(".gemini/tmp/h1/chats/session-2026-01-05T09-59-b1.json", JSON.stringify(document));
  expect((await home.read()).calls.map(brief)).toEqual([
    "b1 gemini-3-pro 15 2 - 7 3",
    "b1 gemini-3-pro 20 0 - 4 0",
  ]);
});

test("a document that is no JSON is named", async () => {
  using home = openHome();
  const file = home.write(".gemini/tmp/h1/chats/session-2026-01-05T09-59-b1.json", "{broken");
  const { calls, broken } = await home.read();
  expect(calls).toEqual([]);
  expect([...broken]).toEqual([[file, 1]]);
});
