import { expect, test } from "vitest";
import type { LifecycleEvent } from "../../src/lifecycle/events.ts";
import { only, startReducer } from "../support/reducer.ts";
import { startTestTelemetry } from "../support/telemetry.ts";

const open = { type: "session.open", time: 1000, sessionKey: "k", sessionId: "s" } as const;
const start = {
  type: "run.start",
  time: 1100,
  sessionKey: "k",
  runId: "r1",
  model: "big",
  provider: "p",
} as const;
const end = { type: "run.end", time: 2000, runId: "r1", outcome: "completed" } as const;
const close = { type: "session.close", time: 3000, sessionKey: "k", reason: "end" } as const;
const usage = { inputTokens: 1000, outputTokens: 50 } as const;
const cost = { nanoUsd: 5000, source: "host" } as const;

const called = (callId: string, told: object, time = 1200): LifecycleEvent[] => [
  { type: "model.start", time, runId: "r1", callId, model: "big" },
  { type: "model.end", time: time + 10, runId: "r1", callId, ...told },
];

const callEnds = (reducer: ReturnType<typeof startReducer>) =>
  reducer.of("call.end").map(({ call }) => [call.callId, call.isRest, call.usage, call.cost]);

test("what a host tells of a run as a whole is a call that carries it, and a point of each metric", async () => {
  await using telemetry = startTestTelemetry();
  const { turnspan } = telemetry;
  for (const event of [open, start, { ...end, usage, cost }, close] as const)
    turnspan.observe(event);
  const chat = telemetry.span("chat big");
  expect(chat.attributes).toMatchObject({
    "turnspan.call.rest": true,
    "gen_ai.usage.input_tokens": 1000,
    "turnspan.cost.usd": 0.000_005,
    "gen_ai.provider.name": "p",
  });
  expect(await telemetry.sum("turnspan.cost")).toBeCloseTo(0.000_005, 9);
  expect(await telemetry.sum("gen_ai.client.token.usage")).toBe(1050);
  // It took no time of its own.
  expect(await telemetry.points("gen_ai.client.operation.duration")).toEqual([]);
  const session = telemetry.span("session agent");
  expect(session.attributes["turnspan.session.cost.usd"]).toBe(0.000_005);
});

test("a cost without tokens is not lost either, and a run of nothing makes no call", () => {
  const paid = startReducer();
  paid.feed(open, start, { ...end, cost });
  expect(callEnds(paid)).toEqual([["rest", true, undefined, cost]]);
  const empty = startReducer();
  empty.feed(open, start, { ...end, usage: { inputTokens: 0, outputTokens: 0 } });
  expect(callEnds(empty)).toEqual([]);
});

test("a call that ended without its tokens leaves them to the rest of the run", () => {
  const reducer = startReducer();
  reducer.feed(
    open,
    start,
    ...called("c1", {
      usage: { inputTokens: 400, outputTokens: 20 },
      cost: { ...cost, nanoUsd: 2000 },
    }),
    ...called("c2", {}, 1300),
    { ...end, usage, cost },
  );
  expect(callEnds(reducer).slice(2)).toEqual([
    [
      "rest",
      true,
      expect.objectContaining({ inputTokens: 600, outputTokens: 30 }),
      { nanoUsd: 3000, source: "host" },
    ],
  ]);
  const { run } = only(reducer.of("run.end"));
  expect(run.totals).toMatchObject({ inputTokens: 1000, outputTokens: 50, nanoUsd: 5000 });
});

test("where every call told its tokens the run's own figure adds nothing", () => {
  const reducer = startReducer();
  const more = { inputTokens: 5000, outputTokens: 500 };
  reducer.feed(open, start, ...called("c1", { usage, cost }), { ...end, usage: more });
  expect(callEnds(reducer)).toHaveLength(1);
  expect(only(reducer.of("run.end")).run.totals.inputTokens).toBe(1000);
});

test("the rest of a run's cost is what known calls leave, also where one is unknown", () => {
  const reducer = startReducer();
  reducer.feed(
    open,
    start,
    ...called("known", { usage, cost: { nanoUsd: 2000, source: "host" } }),
    ...called("unknown", { usage }, 1300),
    { type: "model.start", time: 1400, runId: "r1", callId: "heir", model: "big" },
    { type: "model.end", time: 1450, runId: "r1", callId: "heir", partial: true },
    { ...end, usage: { inputTokens: 3000, outputTokens: 150 }, cost },
  );
  const heir = reducer.of("call.end").at(-1)?.call;
  expect(heir).toMatchObject({ callId: "heir", usage: { inputTokens: 1000, outputTokens: 50 } });
  expect(heir?.cost?.nanoUsd).toBe(3000);
  expect(only(reducer.of("run.end")).run.totals.nanoUsd).toBe(5000);
});

test("a call under way when the model is changed is paid in the segment it began in", () => {
  const reducer = startReducer({ price: () => ({ nanoUsd: 10, source: "user" }) });
  reducer.feed(
    { ...open, settings: { model: "big" } },
    start,
    { type: "model.start", time: 1200, runId: "r1", callId: "c1", model: "big" },
    { type: "session.patch", time: 1300, sessionKey: "k", patch: { model: "small" } },
    { type: "model.end", time: 1400, runId: "r1", callId: "c1", usage },
    ...called("c2", { usage }, 1500),
    end,
    close,
  );
  const { segments } = only(reducer.of("session.end")).session;
  expect(segments?.map(({ model, modelCalls, nanoUsd }) => [model, modelCalls, nanoUsd])).toEqual([
    ["big", 1, 10],
    ["small", 1, 10],
  ]);
});

test("money of a call that its session's end cut off is booked when it comes, once", async () => {
  await using telemetry = startTestTelemetry({ price: () => ({ nanoUsd: 7000, source: "user" }) });
  const session = telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" });
  await session.turn({}, (turn) =>
    turn.modelCall({ model: "big", provider: "p" }, (call) => {
      session.end();
      call.response({ model: "big-1", usage, stopReason: "stop" });
    }),
  );
  const [cut, late] = telemetry.spans().filter(({ name }) => name === "chat big");
  expect(cut?.attributes["turnspan.call.outcome"]).toBe("cancelled");
  expect(late?.attributes).toMatchObject({
    "turnspan.call.rest": true,
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.response.model": "big-1",
    "turnspan.cost.usd": 0.000_007,
  });
  expect(late?.spanContext().traceId).toBe(cut?.spanContext().traceId);
  expect(await telemetry.sum("turnspan.cost")).toBeCloseTo(0.000_007, 9);
  expect(await telemetry.sum("gen_ai.client.token.usage")).toBe(1050);

  const reducer = startReducer();
  const told = { type: "model.end", time: 2500, runId: "r1", callId: "c1", usage } as const;
  reducer.feed(open, start, { type: "model.start", time: 1200, runId: "r1", callId: "c1" }, close);
  reducer.feed(told, told);
  expect(reducer.of("call.end")).toHaveLength(2);
  expect(reducer.state.lateEvents).toBe(1);
});

test("what comes too late is counted as dropped, with its reason", async () => {
  await using telemetry = startTestTelemetry();
  const { turnspan } = telemetry;
  for (const event of [open, start, end] as const) turnspan.observe(event);
  turnspan.observe({ type: "tool.start", time: 2100, runId: "r1", callId: "t1", name: "read" });
  const points = await telemetry.points("turnspan.telemetry.dropped");
  expect(points.map(({ attributes, value }) => [attributes, value])).toEqual([
    [{ "turnspan.signal": "events", "turnspan.reason": "late" }, 1],
  ]);
});

test("a subagent spawned after the session's end runs, and opens no session that nobody ends", async () => {
  await using telemetry = startTestTelemetry();
  const session = telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" });
  const result = await session.turn({}, (turn) => {
    session.end();
    return turn.subagent({ agentId: "child" }, (child) =>
      child.subagent({ agentId: "grandchild", sessionKey: "g" }, () => "done"),
    );
  });
  expect(result).toBe("done");
  const names = telemetry.records().map(({ eventName }) => eventName);
  expect(names.filter((name) => name === "session.start")).toHaveLength(1);
  expect(names.filter((name) => name === "session.end")).toHaveLength(1);
  const active = await telemetry.points("turnspan.session.active");
  expect(active.map(({ value }) => value)).toEqual([0]);
  expect(await telemetry.sum("turnspan.telemetry.dropped")).toBeGreaterThan(0);
});
