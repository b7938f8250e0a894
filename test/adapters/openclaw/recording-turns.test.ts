import { beforeAll, expect, test } from "vitest";
import { callIds, runIds, sessionIds } from "../../../src/lifecycle/identity.ts";
import type { RunEndRecord } from "../../../src/lifecycle/records.ts";
import type { CallState } from "../../../src/lifecycle/state.ts";
import { only } from "../../support/reducer.ts";
import { type Played, playLines, recordedLines } from "./play.ts";

let played: Played;

beforeAll(async () => {
  played = await playLines(recordedLines());
});

const MAIN = "agent:main:main";

const endOf = (runId: string): RunEndRecord =>
  only(played.of("run.end").filter((record) => record.run.runId === runId));

const subagentEnd = (parentRunId: string): RunEndRecord =>
  only(played.of("run.end").filter((record) => record.run.spawn?.run?.runId === parentRunId));

const calls = (record: RunEndRecord, kind: CallState["kind"]): CallState[] =>
  [...record.run.calls.values()].filter((call) => call.kind === kind);

test("every line of the recording is read and nothing comes too late", () => {
  expect(played.broken).toEqual([]);
  expect(played.report).toMatchObject({ lines: 457, brokenLines: 0, releasedEarly: 0 });
  expect(played.state.lateEvents).toBe(0);
  expect(played.state.runs.size).toBe(0);
  expect(played.state.sessions.size).toBe(0);
});

test("each run starts once and ends once", () => {
  const ends = played.of("run.end").map(({ run }) => run.runId);
  const starts = played.of("run.start").map(({ run }) => run.runId);
  expect(ends).toHaveLength(11);
  expect(new Set(ends).size).toBe(11);
  expect(starts.toSorted()).toEqual(ends.toSorted());
});

test("the plain turn is completed with one model call", () => {
  const end = endOf("run-1");
  expect(end).toMatchObject({ outcome: "completed", durationMs: 2_775 });
  expect(end.run).toMatchObject({ message: "hello one", agentId: "main", trigger: "user" });
  expect(end.run).toMatchObject({
    turnIndex: 0,
    stopReason: "stop",
    lastMessage: "mock reply: =mock/mock-a | default_model=mock/mock-a",
  });
  expect(calls(end, "tool_call")).toEqual([]);
  expect(only(calls(end, "model_call"))).toMatchObject({
    provider: "mock",
    model: "mock-a",
    outcome: "completed",
    usage: { inputTokens: 120, outputTokens: 12, cacheReadTokens: 20, cacheWriteTokens: 0 },
    cost: { nanoUsd: 126_000, source: "host" },
    timeToFirstChunkMs: 144,
    requestBytes: 106_539,
    responseBytes: 574,
  });
});

test("the tool turn is completed with two model calls and one tool call", () => {
  const end = endOf("run-2");
  expect(end.outcome).toBe("completed");
  expect(calls(end, "model_call").map((call) => call.callId)).toEqual([
    "run-2:model:1",
    "run-2:model:2",
  ]);
  const tool = only(calls(end, "tool_call"));
  expect(tool).toMatchObject({ callId: "call_2", name: "session_status", outcome: "completed" });
  expect(tool).toMatchObject({ input: {}, output: { details: { ok: true } } });
  expect(end.run.totals).toMatchObject({ modelCalls: 2, toolCalls: 1, nanoUsd: 252_000 });
});

test("the provider's 400 is one failed turn, whatever the host calls a success", () => {
  const failed = played.of("run.end").filter((record) => record.outcome === "failed");
  const end = only(failed);
  expect(end.run).toMatchObject({
    runId: "run-3",
    errorType: "schema",
    error: "LLM request failed: provider rejected the request schema or tool payload.",
    stopReason: "error",
    attempts: 1,
  });
  expect(only(calls(end, "model_call"))).toMatchObject({
    outcome: "failed",
    errorType: "Error",
    cost: { nanoUsd: 0 },
  });
});

test("the blocked turn is blocked, by whom and why, and called no model", () => {
  const end = only(played.of("run.end").filter((record) => record.outcome === "blocked"));
  expect(end.run).toMatchObject({
    runId: "run-4",
    block: { hook: "otel-hook-recorder", reason: "Turn was blocked by beforeTurn." },
    error: undefined,
    errorType: undefined,
  });
  expect(end.run.calls.size).toBe(0);
});

test("the traced turn goes on in the caller's trace", () => {
  const { run } = endOf("run-5");
  expect(runIds(run)).toEqual({
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    spanId: "95d3864b3f8e6793",
  });
  expect(run.trace).toMatchObject({ parentSpanId: "00f067aa0ba902b7", parentIsRemote: true });
});

test("no other run has a parent outside the host", () => {
  const remote = played.of("run.end").filter(({ run }) => run.trace?.parentIsRemote === true);
  expect(remote.map(({ run }) => run.runId)).toEqual(["run-5"]);
});

test("turns take their request's span id, calls those that the gateway sent on", () => {
  const end = endOf("run-2");
  expect(runIds(end.run).spanId).toBe("7d447228f23563ee");
  expect([...end.run.calls.values()].map((call) => callIds(end.run, call).spanId)).toEqual([
    "6382dd02143181bc",
    "bd41e232cf60e079",
    "ee07b550e681e665",
  ]);
});

test("span ids are unique, and every parent inside the host is a span that was made", () => {
  const spans = new Map<string, string>();
  const parents: string[] = [];
  for (const { run } of played.of("run.end")) {
    spans.set(runIds(run).spanId, run.runId);
    for (const call of run.calls.values()) spans.set(callIds(run, call).spanId, call.callId);
    const { parentSpanId, parentIsRemote } = run.trace ?? {};
    if (parentSpanId !== undefined && parentIsRemote !== true) parents.push(parentSpanId);
  }
  for (const { session } of played.of("session.end")) {
    spans.set(sessionIds(session).spanId, session.sessionKey);
  }
  const made = played.of("run.end").reduce((sum, { run }) => sum + 1 + run.calls.size, 0);
  expect(spans.size).toBe(made + played.of("session.end").length);
  expect(parents).toHaveLength(3);
  expect(parents.filter((id) => !spans.has(id))).toEqual([]);
});

test("the chat message is received and answered, once each", () => {
  const [chat, command] = played.of("message.received");
  expect(chat).toMatchObject({
    messageId: "chat-1",
    channel: "webchat",
    senderId: "gateway-client",
    content: "hello from chat",
  });
  expect(command).toMatchObject({ messageId: "chat-2", content: "/new" });
  expect(played.of("message.sent").map(({ messageId, content }) => [messageId, content])).toEqual([
    ["chat-1:reply", "mock reply: at 2026-11-21 08:21 UTC] hello from chat"],
    [undefined, "✅ New session started."],
  ]);
  expect(endOf("chat-1").run).toMatchObject({ channel: "webchat", outcome: "completed" });
});

test("the finished subagent stands under the tool call that spawned it", () => {
  const end = subagentEnd("run-6");
  expect(end).toMatchObject({ outcome: "completed", run: { kind: "subagent" } });
  expect(end.run.spawn).toMatchObject({
    label: "kid-1",
    session: { sessionKey: MAIN },
    run: { runId: "run-6" },
    call: { callId: "call_7", name: "sessions_spawn" },
  });
  expect(only(played.of("subagent.finished")).run).toBe(end.run);
  expect(end.session.sessionId).toBe("04b53603-7f69-47f5-b0f5-52618eb76ff0");
  expect(runIds(end.run)).toEqual({
    traceId: runIds(endOf("run-6").run).traceId,
    spanId: "29e2c881070977d0",
  });
});

test("the aborted subagent is cancelled, with a killed record", () => {
  const end = subagentEnd("run-7");
  expect(end).toMatchObject({ outcome: "cancelled", run: { kind: "subagent", error: undefined } });
  expect(end.run.spawn?.call?.callId).toBe("call_11");
  expect(only(played.of("subagent.killed")).run).toBe(end.run);
  expect(only(calls(end, "model_call"))).toMatchObject({
    outcome: "cancelled",
    errorType: "aborted",
    cost: undefined,
  });
  expect(endOf("run-7").outcome).toBe("completed");
});

test("subagents are told of twice: spawned, then finished or killed", () => {
  expect(played.of("subagent.spawned").map(({ run }) => run.spawn?.call?.callId)).toEqual([
    "call_7",
    "call_11",
  ]);
  const starts = played.of("session.start").map(({ session }) => session.sessionKey);
  expect(starts.filter((key) => key.includes(":subagent:"))).toEqual([]);
});

test("the announce turn is marked, takes no number and hangs under the turn it speaks of", () => {
  const end = only(played.of("run.end").filter(({ run }) => run.trigger === "announce"));
  expect(end.run.runId).toMatch(/^announce:v1:/);
  expect(end).toMatchObject({ outcome: "completed", run: { kind: "turn" } });
  const users = played
    .of("run.end")
    .filter(({ run }) => run.kind === "turn" && run.session.sessionKey === MAIN && run !== end.run);
  expect(users.map(({ run }) => run.turnIndex)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(end.session.turns).toBe(6);
  expect(runIds(end.run).spanId).toBe("9243349d74eca3d6");
  expect(end.run.trace?.parentSpanId).toBe(runIds(endOf("run-6").run).spanId);
});
