import { expect, test } from "vitest";
import { startTestTelemetry } from "../support/telemetry.ts";

const support = {
  sessionKey: "web:42",
  sessionId: "s-42",
  agentId: "support",
  metadata: { workflowId: "w-7" },
} as const;

/** Generation and metadata of each end of a session. */
function listEnds(telemetry: ReturnType<typeof startTestTelemetry>): unknown[] {
  const ends: unknown[] = [];
  telemetry.turnspan.hooks.on("session:end", ({ agentId, context, turnspan }) => {
    ends.push([turnspan.generation, turnspan.turns, agentId, context.metadata]);
  });
  return ends;
}

test("a session used after its end opens its next segment, which can be ended like the first", async () => {
  await using telemetry = startTestTelemetry();
  const ends = listEnds(telemetry);
  using session = telemetry.turnspan.openSession(support);
  await session.turn({}, () => undefined);
  session.end();
  session.end();
  await session.turn({}, () => undefined);
  session.end("reset");
  expect(ends).toEqual([
    [1, 1, "support", support.metadata],
    [2, 1, "support", support.metadata],
  ]);
  expect(telemetry.spans().map((span) => span.name)).toEqual([
    "invoke_agent support",
    "session support",
    "invoke_agent support",
    "session support",
  ]);
});

test("a session that ends with its turn says so each time, with its metadata", async () => {
  await using telemetry = startTestTelemetry();
  const ends = listEnds(telemetry);
  using session = telemetry.turnspan.openSession({ ...support, endsWith: "turn" });
  await session.turn({}, () => undefined);
  await session.turn({}, () => undefined);
  expect(ends).toEqual([
    [1, 1, "support", support.metadata],
    [2, 1, "support", support.metadata],
  ]);
});

test("a session used after everything was closed keeps its agent and its metadata", async () => {
  await using telemetry = startTestTelemetry();
  const ends = listEnds(telemetry);
  {
    using session = telemetry.turnspan.openSession(support);
    telemetry.turnspan.close("pause");
    await session.turn({}, () => undefined);
  }
  expect(ends).toEqual([
    [1, 0, "support", support.metadata],
    [2, 1, "support", support.metadata],
  ]);
});

test("ending a session whose key another session took over ends nothing of the other's", async () => {
  await using telemetry = startTestTelemetry();
  const ends = listEnds(telemetry);
  const first = telemetry.turnspan.openSession(support);
  using _second = telemetry.turnspan.openSession({ ...support, sessionId: "s-43" });
  expect(ends).toHaveLength(1);
  first.end();
  expect(ends).toHaveLength(1);
});

test("a run id used twice names two runs: guards are asked again, and both are recorded", async () => {
  await using telemetry = startTestTelemetry();
  const asked: string[] = [];
  telemetry.turnspan.hooks.on("beforeTurn", ({ runId }) => void asked.push(runId));
  using session = telemetry.turnspan.openSession(support);
  const inner = await session.turn({ runId: "r-1" }, () =>
    session.turn({ runId: "r-1" }, (turn) => turn.runId),
  );
  await session.turn({ runId: "r-1" }, () => undefined);
  expect(asked).toHaveLength(3);
  expect(new Set(asked).size).toBe(3);
  expect([asked[0], asked[1]]).toEqual(["r-1", inner]);
  expect(telemetry.spans()).toHaveLength(3);
});

test("a turn stops for the reason of its last model call, or for the one its author names", async () => {
  await using telemetry = startTestTelemetry();
  const reasons: unknown[] = [];
  telemetry.turnspan.hooks.on("afterTurn", ({ stopReason }) => void reasons.push(stopReason));
  using session = telemetry.turnspan.openSession(support);
  await session.turn({}, async (turn) => {
    await turn.modelCall({}, (call) => call.response({ stopReason: "tool_use" }));
    await turn.modelCall({}, (call) => call.response({ stopReason: "max_tokens" }));
  });
  await session.turn({}, async (turn) => {
    await turn.modelCall({}, (call) => call.response({ stopReason: "max_tokens" }));
    turn.reply("short", "stop");
  });
  await session.turn({}, () => undefined);
  expect(reasons).toEqual(["maxTokens", "stop", undefined]);
});

test("a subagent spawned by one of several open tool calls hangs under the one it names", async () => {
  await using telemetry = startTestTelemetry();
  using session = telemetry.turnspan.openSession(support);
  await session.turn({}, (turn) =>
    Promise.all(
      ["one", "two"].map((name) =>
        turn.toolCall({ name, callId: name }, () =>
          turn.subagent({ agentId: `writer-${name}`, toolCallId: name }, () => undefined),
        ),
      ),
    ),
  );
  for (const name of ["one", "two"]) {
    expect(telemetry.span(`invoke_agent writer-${name}`).parentSpanContext?.spanId).toBe(
      telemetry.span(`execute_tool ${name}`).spanContext().spanId,
    );
  }
});
