import { zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { brief, openHome, readCases } from "./home.ts";

test("a turn with a tool has the calls of both answers, with all that is known of them", async () => {
  const { calls } = await readCases("codex/tool");
  expect(calls).toHaveLength(2);
  expect(calls[0]).toEqual({
    agent: "codex",
    sessionId: "01a1fd1f-44b9-75a3-9b6d-df5ba09d27ac",
    subagent: undefined,
    cwd: "/LAB/proj-cx",
    branch: undefined,
    end: {
      type: "model.end",
      time: Date.parse("2026-11-21T08:00:47.486Z"),
      runId: "01a1fd1f-44cd-7ac3-876a-12ced66610c6",
      callId: "resp_mock4",
      provider: "mock",
      model: "gpt-5-codex",
      responseModel: "gpt-5-codex",
      responseId: "resp_mock4",
      usage: {
        inputTokens: 1004,
        outputTokens: 54,
        cacheReadTokens: 300,
        cacheWriteTokens: 0,
        reasoningTokens: 7,
      },
    },
  });
});

test("a turn whose provider failed leaves no call", async () => {
  expect((await readCases("codex/fail500")).calls).toEqual([]);
});

test("a subagent's rollout belongs to the session that started it, under the subagent's role", async () => {
  const { calls } = await readCases("codex/subagent");
  expect(calls.map(brief)).toEqual([
    "01a1fde7 gpt-5-codex 1002 300 0 52 7",
    "01a1fde7 gpt-5-codex 1003 300 0 53 7",
    "01a1fde7 default gpt-5-codex 1004 300 0 54 7",
  ]);
  expect(new Set(calls.map(({ sessionId }) => sessionId)).size).toBe(1);
});

test("a compaction is a call, and the estimate that is written after it is none", async () => {
  const { calls } = await readCases("codex/compact");
  expect(calls.map(({ end }) => end.usage?.inputTokens)).toEqual([1009, 1012, 1013, 1014, 1016]);
});

test("a fork goes on from its session's totals, and only its own calls are its", async () => {
  const { calls } = await readCases("codex/fork");
  expect(
    calls.map(({ sessionId, end }) => [sessionId.slice(9, 13), end.usage?.inputTokens]),
  ).toEqual([
    ["ea10", 1002],
    ["ea10", 1005],
    ["0f30", 1007],
    ["0f30", 1010],
  ]);
});

test("version 0.80 writes running totals only, and repeats them: each new total is a call", async () => {
  const { calls } = await readCases("codex/version-0.80");
  expect(calls.map(brief)).toEqual([
    "01a1fdeb gpt-5-codex 1001 300 0 51 7",
    "01a1fdeb gpt-5-codex 1002 300 0 52 7",
    "01a1fdeb gpt-5-codex 1003 300 0 53 7",
    "01a1fdeb gpt-5-codex 1004 300 0 54 7",
    "01a1fdeb gpt-5-codex 1005 300 0 55 7",
    "01a1fdeb gpt-5-codex 1006 300 0 56 7",
    "01a1fdeb gpt-5-codex 1007 300 0 57 7",
  ]);
});

const line = (second: string, type: string, payload: object): string =>
  `${JSON.stringify({ timestamp: `2026-05-01T${second}Z`, type, payload })}\n`;

const meta = (second: string, id: string, more: object = {}): string =>
  line(second, "session_meta", { id, timestamp: `2026-05-01T${second}Z`, cwd: "/LAB", ...more });

const model = line("10:00:00", "turn_context", { model: "gpt-5", cwd: "/LAB" });

const usage = (tokens: number): object => ({ input_tokens: tokens, output_tokens: 1 });

const totals = (second: string, total: number, last?: number): string =>
  line(second, "event_msg", {
    type: "token_count",
    info: {
      total_token_usage: usage(total),
      ...(last === undefined ? {} : { last_token_usage: usage(last) }),
    },
  });

const rollout = (id: string): string => `.codex/sessions/2026/05/01/rollout-x-${id}.jsonl`;

test("a fork that repeats its session's totals in one go counts none of them, though the session is gone", async () => {
  using home = openHome();
  const replay = meta("12:00:00.010", "parent") + totals("12:00:00.020", 100, 100);
  home.write(
    rollout("fork"),
    meta("12:00:00.000", "fork", { forked_from_id: "parent" }) +
      replay +
      model +
      totals("12:00:09.000", 100, 100) +
      totals("12:00:10.000", 130, 30),
  );
  const { calls } = await home.read();
  expect(calls.map(({ sessionId, end }) => [sessionId, end.usage?.inputTokens])).toEqual([
    ["fork", 30],
  ]);
});

test("where only the running total is written, a call is what was added to it", async () => {
  using home = openHome();
  home.write(
    rollout("a"),
    meta("10:00:00", "a") + model + totals("10:00:01", 100) + totals("10:00:02", 130),
  );
  const { calls } = await home.read();
  expect(calls.map(({ end }) => end.usage?.inputTokens)).toEqual([100, 30]);
});

test("a rollout that was packed is unpacked, and one that was archived is found", async () => {
  using home = openHome();
  const packed = zstdCompressSync(meta("10:00:00", "a") + model + totals("10:00:01", 100, 100));
  home.write(`${rollout("a")}.zst`, packed);
  home.write(
    ".codex/archived_sessions/rollout-x-b.jsonl",
    meta("11:00:00", "b") + model + totals("11:00:01", 50, 50),
  );
  const { calls } = await home.read();
  expect(calls.map(({ sessionId, end }) => [sessionId, end.usage?.inputTokens])).toEqual([
    ["a", 100],
    ["b", 50],
  ]);
});

test("a packed rollout that is damaged is named, and the others are read", async () => {
  using home = openHome();
  const file = home.write(`${rollout("a")}.zst`, "not packed at all");
  home.write(rollout("b"), meta("11:00:00", "b") + model + totals("11:00:01", 50, 50));
  const { calls, unreadable } = await home.read();
  expect(calls).toHaveLength(1);
  expect(unreadable).toEqual([file]);
});

test("a call has the model of its turn, where the model changes in between", async () => {
  using home = openHome();
  const context = (second: string, turn: string, name: string): string =>
    line(second, "turn_context", { turn_id: turn, model: name });
  const record = (second: string, turn: string, total: number): string =>
    line(second, "token_usage_record", {
      thread_id: "a",
      turn_id: turn,
      response_id: `r${total}`,
      usage: usage(10),
      thread_token_usage: usage(total),
    });
  home.write(
    rollout("a"),
    meta("10:00:00", "a") +
      context("10:00:01", "t1", "gpt-5") +
      record("10:00:02", "t1", 10) +
      context("10:00:03", "t2", "gpt-5-mini") +
      record("10:00:04", "t2", 20) +
      record("10:00:05", "t1", 30),
  );
  const { calls } = await home.read();
  expect(calls.map(({ end }) => end.responseModel)).toEqual(["gpt-5", "gpt-5-mini", "gpt-5"]);
});
