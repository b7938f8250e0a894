import { expect, test } from "vitest";
import { startReducer } from "../support/reducer.ts";
import { startTestTelemetry } from "../support/telemetry.ts";

test("two calls of a handle with one id are two calls", async () => {
  await using telemetry = startTestTelemetry();
  using session = telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" });
  await session.turn({}, async (turn) => {
    await turn.toolCall({ name: "read", callId: "c1" }, (call) => call.fail("not_found"));
    await turn.toolCall({ name: "read", callId: "c1" }, () => undefined);
    await turn.modelCall({ model: "m", callId: "c1" }, () => undefined);
    await turn.modelCall({ model: "m", callId: "m0" }, () => undefined);
    await turn.modelCall({ model: "m" }, () => undefined);
  });
  const tools = telemetry.spans().filter(({ name }) => name === "execute_tool read");
  expect(tools.map(({ attributes }) => attributes["gen_ai.tool.call.id"])).toEqual(["c1", "c1#2"]);
  expect(tools.map(({ attributes }) => attributes["error.type"])).toEqual(["not_found", undefined]);
  expect(telemetry.spans().filter(({ name }) => name === "chat m")).toHaveLength(3);
  expect(telemetry.span("invoke_agent a").attributes).toMatchObject({
    "turnspan.turn.model_calls": 3,
    "turnspan.turn.tool_calls": 2,
  });
});

test("a subagent hangs under the open one of the calls that have the id it names", async () => {
  await using telemetry = startTestTelemetry();
  using session = telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" });
  await session.turn({}, async (turn) => {
    await turn.toolCall({ name: "first", callId: "c" }, () => undefined);
    await turn.toolCall({ name: "second", callId: "c" }, () =>
      turn.subagent({ agentId: "child", toolCallId: "c" }, () => undefined),
    );
  });
  expect(telemetry.span("invoke_agent child").parentSpanContext?.spanId).toBe(
    telemetry.span("execute_tool second").spanContext().spanId,
  );
});

test("an event told twice is one call, also where a tool call has a model call's id", () => {
  const reducer = startReducer();
  const about = { runId: "r", callId: "c" } as const;
  const model = { ...about, type: "model.start", time: 2, model: "m" } as const;
  const tool = { ...about, type: "tool.start", time: 3, name: "t" } as const;
  const ends = [
    { ...about, type: "tool.end", time: 4 },
    { ...about, type: "model.end", time: 5 },
  ] as const;
  reducer.feed({ type: "run.start", time: 1, sessionKey: "k", runId: "r" });
  reducer.feed(model, model, tool, tool, model, ...ends, ...ends);
  expect(reducer.of("call.start")).toHaveLength(2);
  expect(reducer.of("call.end").map(({ call }) => call.kind)).toEqual(["tool_call", "model_call"]);
});
