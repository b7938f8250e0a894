/**
 * Synthetic stories, made from the facts in the reference where the recording holds no example:
 * missing grants and diagnostics, failing tools, prices of nothing.
 */
import { expect, test } from "vitest";
import { only } from "../../support/reducer.ts";
import { playHostEvents, said } from "./play.ts";
import { agent, begin, ctxOf, goodEnd, id, traceOf } from "./story.ts";

test("with no hooks granted and no diagnostics, the agent stream alone makes a turn", () => {
  const played = playHostEvents([
    agent(1_000, "r", "lifecycle", { phase: "start", startedAt: 1_000 }),
    agent(1_100, "r", "tool", { phase: "start", name: "ls", toolCallId: "t", args: { dir: "." } }),
    agent(1_200, "r", "tool", { phase: "result", name: "ls", toolCallId: "t", result: "a b" }),
    agent(1_300, "r", "lifecycle", {
      phase: "end",
      stopReason: "stop",
      terminalReply: { text: "two files" },
    }),
  ]);
  const end = only(played.of("run.end"));
  expect(end).toMatchObject({ outcome: "completed", durationMs: 300 });
  expect(end.run).toMatchObject({ agentId: "main", lastMessage: "two files" });
  expect(only([...end.run.calls.values()])).toMatchObject({
    name: "ls",
    input: { dir: "." },
    output: "a b",
    outcome: "completed",
  });
});

test("a tool that fails says why, with the hook that follows the result", () => {
  const tool = { runId: "r", toolName: "ls", toolCallId: "t" };
  const trace = traceOf("tool-span", "r-r");
  const played = playHostEvents([
    ...begin(1_000, "r"),
    agent(1_100, "r", "tool", { phase: "start", name: "ls", toolCallId: "t" }),
    said(1_110, "diagnostic", "tool.execution.started", { ...tool, trace }),
    said(1_190, "diagnostic", "tool.execution.error", { ...tool, trace, errorCategory: "EPERM" }),
    agent(1_200, "r", "tool", { phase: "result", name: "ls", toolCallId: "t", isError: true }),
    said(1_210, "typed", "after_tool_call", { ...tool, error: "not allowed" }, ctxOf("r")),
  ]);
  expect(only(played.of("call.end")).call).toMatchObject({
    outcome: "failed",
    error: "not allowed",
    errorType: "EPERM",
    endTime: 1_190,
    trace: { spanId: id("tool-span") },
  });
});

test("a tool's span id that is told last still completes the call at once", () => {
  const tool = { runId: "r", toolName: "ls", toolCallId: "t" };
  const trace = traceOf("tool-span", "r-r");
  const played = playHostEvents([
    ...begin(1_000, "r"),
    agent(1_100, "r", "tool", { phase: "start", name: "ls", toolCallId: "t" }),
    agent(1_200, "r", "tool", { phase: "result", name: "ls", toolCallId: "t", result: "a" }),
    said(1_190, "diagnostic", "tool.execution.completed", { ...tool, trace, durationMs: 80 }),
    agent(1_300, "r", "usage", {}),
  ]);
  const types = played.records.map((record) => record.type);
  expect(types.indexOf("call.end")).toBe(types.indexOf("call.start") + 1);
  expect(only(played.of("call.end")).call.trace?.spanId).toBe(id("tool-span"));
});

test("a host cost of 0 for tokens that were used is no cost", () => {
  const free = { input: 10, output: 5, cost: { total: 0 } };
  const about = { runId: "r", callId: "r:model:1", model: "m", trace: traceOf("c1", "r-r") };
  const played = playHostEvents([
    ...begin(1_000, "r"),
    said(1_010, "diagnostic", "model.call.started", about),
    said(1_020, "diagnostic", "model.call.completed", { ...about, usage: free }),
  ]);
  expect(only(played.of("call.end")).call).toMatchObject({
    usage: { inputTokens: 10, outputTokens: 5 },
    cost: undefined,
  });
});

test("a turn is closed two seconds after its final end, though a likely end waits five", () => {
  const played = playHostEvents([
    ...begin(1_000, "r"),
    ...goodEnd(1_100, "r"),
    said(3_200, "typed", "session_start", { sessionKey: "agent:main:next" }),
  ]);
  const types = played.records.map((record) => record.type);
  expect(types.slice(-2)).toEqual(["run.end", "session.start"]);
});
