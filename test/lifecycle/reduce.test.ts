import { expect, test } from "vitest";
import type { LifecycleEvent, Usage } from "../../src/lifecycle/events.ts";
import { only, startReducer } from "../support/reducer.ts";

const open: LifecycleEvent = {
  type: "session.open",
  time: 1000,
  sessionKey: "k",
  sessionId: "s",
  agentId: "main",
};
const start: LifecycleEvent = { type: "run.start", time: 1100, runId: "r1", sessionKey: "k" };
const completed: LifecycleEvent = {
  type: "run.end",
  time: 1900,
  runId: "r1",
  outcome: "completed",
};
const usage: Usage = { inputTokens: 100, outputTokens: 10 };

test("an event told twice changes nothing", () => {
  const once = startReducer();
  const twice = startReducer();
  const events: readonly LifecycleEvent[] = [
    open,
    start,
    { type: "message.received", time: 1100, sessionKey: "k", messageId: "m" },
    { type: "model.start", time: 1200, runId: "r1", callId: "c" },
    { type: "model.end", time: 1300, runId: "r1", callId: "c", usage },
    { type: "tool.start", time: 1400, runId: "r1", callId: "t", name: "ls" },
    { type: "tool.end", time: 1500, runId: "r1", callId: "t" },
    completed,
    { type: "session.close", time: 2000, sessionKey: "k", reason: "reset" },
  ];
  for (const event of events) {
    once.feed(event);
    twice.feed(event, event);
  }
  expect(twice.records.map((record) => [record.type, record.id])).toEqual(
    once.records.map((record) => [record.type, record.id]),
  );
});

test("a turn in a session nobody opened opens it", () => {
  const reducer = startReducer();
  reducer.feed({ ...start, sessionId: "s" });
  expect(reducer.types()).toEqual(["session.start", "run.start"]);
  expect(only(reducer.of("session.start")).session.sessionId).toBe("s");
});

test("a reset that keeps the id opens a new generation with other record ids", () => {
  const reducer = startReducer();
  reducer.feed(
    open,
    { type: "session.close", time: 2000, sessionKey: "k", sessionId: "s", reason: "reset" },
    { ...open, time: 2000, resumedFrom: "s" },
  );
  const [first, second] = reducer.of("session.start");
  expect([first?.session.generation, second?.session.generation]).toEqual([1, 2]);
  expect(first?.id).not.toBe(second?.id);
});

test("another session id under the same key ends the session before it", () => {
  const reducer = startReducer();
  reducer.feed(open, { ...open, time: 3000, sessionId: "s2" });
  expect(only(reducer.of("session.end"))).toMatchObject({ reason: "replaced", time: 3000 });
});

test("worse news wins among likely ends, and a final end wins over all of them", () => {
  const reducer = startReducer();
  const end = { type: "run.end", time: 1500, runId: "r1", settleMs: 100 } as const;
  reducer.feed(
    open,
    start,
    { ...end, outcome: "completed", certainty: "likely" },
    { ...end, outcome: "failed", certainty: "likely", errorType: "schema", error: "400" },
    { ...end, outcome: "completed", certainty: "likely" },
  );
  reducer.advance(1600);
  expect(only(reducer.of("run.end"))).toMatchObject({ outcome: "failed" });
  expect(only(reducer.of("run.end")).run).toMatchObject({ errorType: "schema", error: "400" });
});

test("a run with a settling time takes late facts until it is over", () => {
  const reducer = startReducer();
  reducer.feed(
    open,
    start,
    { type: "model.start", time: 1200, runId: "r1", callId: "c", model: "m" },
    { type: "model.end", time: 1300, runId: "r1", callId: "c", partial: true },
    { ...completed, settleMs: 2000 },
    { type: "model.end", time: 1300, runId: "r1", callId: "c", usage },
  );
  expect(reducer.of("run.end")).toEqual([]);
  reducer.advance(3899);
  expect(reducer.of("run.end")).toEqual([]);
  reducer.advance(3900);
  expect(only(reducer.of("run.end")).run.totals).toMatchObject({ inputTokens: 100, modelCalls: 1 });
  expect(only(reducer.of("run.end")).time).toBe(1900);
});

test("what comes about a closed run is dropped and counted", () => {
  const reducer = startReducer();
  reducer.feed(open, start, completed, start, { ...completed, outcome: "failed" });
  expect(reducer.of("run.end")).toHaveLength(1);
  expect(reducer.state.lateEvents).toBe(2);
});

test("a retry takes back the end of the attempt before it", () => {
  const reducer = startReducer();
  reducer.feed(
    open,
    start,
    { ...completed, outcome: "failed", settleMs: 2000 },
    { type: "run.attempt", time: 2000, runId: "r1", attempt: 2, reason: "server_error" },
    { ...completed, time: 3000 },
  );
  expect(only(reducer.of("run.end"))).toMatchObject({ outcome: "completed", time: 3000 });
  expect(only(reducer.of("run.end")).run.attempts).toBe(2);
});

test("calls that never ended are cancelled at their run's end", () => {
  const reducer = startReducer();
  reducer.feed(
    open,
    start,
    { type: "tool.start", time: 1200, runId: "r1", callId: "t", name: "sleep" },
    completed,
  );
  expect(only(reducer.of("call.end")).call).toMatchObject({ outcome: "cancelled", endTime: 1900 });
});

test("a session's end ends its open turns as cancelled, first", () => {
  const reducer = startReducer();
  reducer.feed(open, start, { type: "session.close", time: 2000, sessionKey: "k", reason: "idle" });
  expect(reducer.types().slice(-2)).toEqual(["run.end", "session.end"]);
  expect(only(reducer.of("run.end")).outcome).toBe("cancelled");
});

test("a session's stop reason is the last turn's", () => {
  const stop = (event: Partial<Extract<LifecycleEvent, { type: "run.end" }>>): string => {
    const reducer = startReducer();
    reducer.feed(open, start, { ...completed, ...event } as LifecycleEvent);
    reducer.feed({ type: "session.close", time: 2000, sessionKey: "k", reason: "end" });
    return only(reducer.of("session.end")).stopReason;
  };
  expect(stop({ stopReason: "toolUse" })).toBe("toolUse");
  expect(stop({ stopReason: "maxTokens" })).toBe("maxTokens");
  expect(stop({ outcome: "failed" })).toBe("error");
  expect(stop({ outcome: "abandoned" })).toBe("error");
  expect(stop({ outcome: "cancelled", stopReason: "toolUse" })).toBe("stop");
  expect(stop({ outcome: "blocked" })).toBe("stop");
});

test("a session that ends with its turn ends with it", () => {
  const reducer = startReducer();
  reducer.feed({ ...open, endsWith: "turn", metadata: { workflowId: "w" } }, start, completed);
  expect(only(reducer.of("session.end"))).toMatchObject({
    reason: "turn",
    time: 1900,
    metadata: { workflowId: "w" },
  });
});

test("a patch knows what was before, or says that it does not", () => {
  const reducer = startReducer();
  reducer.feed(
    open,
    { ...start, settings: { model: "mock/mock-a" } },
    {
      type: "session.patch",
      time: 1200,
      sessionKey: "k",
      patch: { key: "k", model: "mock/mock-b", label: "My label", apiKey: "hunter2" },
    },
    { type: "session.patch", time: 1300, sessionKey: "k", patch: { label: null } },
  );
  const [first, second] = reducer.of("session.patch");
  expect(first?.changes).toEqual([
    {
      field: "model",
      beforeKnown: true,
      before: "mock/mock-a",
      after: "mock/mock-b",
      plain: true,
    },
    { field: "label", beforeKnown: false, after: "My label", plain: true },
    { field: "apiKey", beforeKnown: false, plain: false },
  ]);
  expect(second?.changes).toEqual([
    { field: "label", beforeKnown: true, before: "My label", after: null, plain: true },
  ]);
});

test("a session that waits for somebody says so once, and once that it goes on", () => {
  const reducer = startReducer();
  const wait = (time: number, waitsFor?: string, sessionKey = "k"): LifecycleEvent => ({
    ...{ type: "session.wait", time, sessionKey, waitsFor },
  });
  reducer.feed(wait(900, "permission"));
  reducer.feed(open, start, wait(1200, "permission"), wait(1300, "permission"), wait(1400));
  reducer.feed(wait(1500), wait(1600, "input", "nobody"));
  expect(
    reducer.of("session.wait").map(({ time, waitsFor, run }) => [time, waitsFor, run?.runId]),
  ).toEqual([
    [1200, "permission", "r1"],
    [1400, undefined, "r1"],
  ]);
});

test("a change of the model opens a cost segment", () => {
  const reducer = startReducer({
    price: ({ model }) => ({ nanoUsd: model === "big" ? 1000 : 10, source: "user" }),
  });
  const call = (callId: string, model: string, time: number): LifecycleEvent[] => [
    { type: "model.start", time, runId: "r1", callId, model },
    { type: "model.end", time: time + 1, runId: "r1", callId, usage },
  ];
  reducer.feed(
    { ...open, settings: { model: "big" } },
    start,
    ...call("c1", "big", 1200),
    { type: "session.patch", time: 1300, sessionKey: "k", patch: { model: "small" } },
    ...call("c2", "small", 1400),
    ...call("c3", "small", 1500),
    completed,
    { type: "session.close", time: 2000, sessionKey: "k", reason: "end" },
  );
  const { session } = only(reducer.of("session.end"));
  expect(session.segments).toEqual([
    { model: "big", since: 1200, nanoUsd: 1000, modelCalls: 1, unknownCostCalls: 0 },
    { model: "small", since: 1300, nanoUsd: 20, modelCalls: 2, unknownCostCalls: 0 },
  ]);
  expect(session.totals?.nanoUsd).toBe(1020);
});

test("a call is priced by the model that answered, and the host's own cost wins", () => {
  const asked: unknown[] = [];
  const reducer = startReducer({
    price: (call) => {
      asked.push([call.provider, call.model, call.at]);
      return { nanoUsd: 7, source: "genai-prices" };
    },
  });
  const end = { type: "model.end", runId: "r1", usage } as const;
  reducer.feed(
    open,
    start,
    { type: "model.start", time: 1200, runId: "r1", callId: "c1", provider: "p", model: "asked" },
    { ...end, time: 1300, callId: "c1", responseModel: "answered" },
    { ...end, time: 1400, callId: "c2", cost: { nanoUsd: 5, source: "host" } },
    completed,
  );
  expect(asked).toEqual([["p", "answered", 1300]]);
  expect(only(reducer.of("run.end")).run.totals).toMatchObject({ nanoUsd: 12, modelCalls: 2 });
});

test("an unknown price is counted and never 0", () => {
  const reducer = startReducer({ price: () => undefined });
  reducer.feed(
    open,
    start,
    { type: "model.end", time: 1300, runId: "r1", callId: "c", model: "own", usage },
    completed,
  );
  const { totals } = only(reducer.of("run.end")).run;
  expect(totals).toMatchObject({ unknownCostCalls: 1, nanoUsd: 0 });
  expect(only(reducer.of("call.end")).call.cost).toBeUndefined();
});

test("what only the run's totals tell goes to the call that said nothing", () => {
  const reducer = startReducer();
  reducer.feed(
    open,
    start,
    {
      type: "model.end",
      time: 1200,
      runId: "r1",
      callId: "c1",
      usage,
      cost: { nanoUsd: 100, source: "host" },
    },
    { type: "model.end", time: 1300, runId: "r1", callId: "c2", partial: true },
    {
      ...completed,
      usage: { inputTokens: 150, outputTokens: 30 },
      cost: { nanoUsd: 160, source: "host" },
    },
  );
  const calls = reducer
    .of("call.end")
    .map(({ call }) => [call.callId, call.usage?.inputTokens, call.cost?.nanoUsd]);
  expect(calls).toEqual([
    ["c1", 100, 100],
    ["c2", 50, 60],
  ]);
  expect(only(reducer.of("run.end")).run.totals).toMatchObject({ inputTokens: 150, nanoUsd: 160 });
});

test("a subagent's cost counts into its own run and its spawner's session, once each", () => {
  const reducer = startReducer({ price: () => ({ nanoUsd: 5, source: "user" }) });
  reducer.feed(
    open,
    start,
    { type: "tool.start", time: 1200, runId: "r1", callId: "t", name: "spawn" },
    {
      type: "subagent.spawn",
      time: 1250,
      runId: "child",
      sessionKey: "k:child",
      agentId: "writer",
      label: "draft",
      parentSessionKey: "k",
    },
    { type: "run.start", time: 1300, runId: "child", sessionKey: "k:child", sessionId: "s9" },
    { type: "model.end", time: 1400, runId: "child", callId: "c", model: "m", usage },
    { type: "run.end", time: 1500, runId: "child", outcome: "completed" },
    { type: "tool.end", time: 1600, runId: "r1", callId: "t" },
    completed,
    { type: "session.close", time: 2000, sessionKey: "k", reason: "end" },
  );
  expect(reducer.of("session.start")).toHaveLength(1);
  const finished = only(reducer.of("subagent.finished"));
  expect(finished.run.spawn?.call?.callId).toBe("t");
  expect(finished.run.totals.nanoUsd).toBe(5);
  expect(finished.session.sessionId).toBe("s9");
  const turn = reducer.of("run.end").find(({ run }) => run.kind === "turn");
  expect(turn?.run.totals.nanoUsd).toBe(0);
  expect(only(reducer.of("session.end")).session.totals?.nanoUsd).toBe(5);
});

test("a subagent that outlives its spawner's session becomes a session of its own", () => {
  const reducer = startReducer();
  reducer.feed(
    open,
    start,
    {
      type: "subagent.spawn",
      time: 1250,
      runId: "child",
      sessionKey: "k:child",
      parentSessionKey: "k",
    },
    completed,
    { type: "session.close", time: 2000, sessionKey: "k", reason: "reset" },
    { type: "run.end", time: 2500, runId: "child", outcome: "completed" },
  );
  expect(reducer.of("session.start").map(({ session }) => session.sessionKey)).toEqual([
    "k",
    "k:child",
  ]);
  expect(only(reducer.of("subagent.finished")).outcome).toBe("completed");
});

test("a host that stops ends everything, children before their spawners' sessions", () => {
  const reducer = startReducer();
  reducer.feed(open, start, { type: "host.stop", time: 5000, reason: "shutdown" });
  expect(reducer.types().slice(-2)).toEqual(["run.end", "session.end"]);
  expect(only(reducer.of("session.end"))).toMatchObject({ reason: "shutdown", time: 5000 });
  expect(reducer.state.sessions.size + reducer.state.runs.size).toBe(0);
});

test("a host found dead leaves abandoned turns at the last sign of life", () => {
  const reducer = startReducer();
  reducer.feed(
    open,
    start,
    { type: "message.received", time: 1700, sessionKey: "k", messageId: "m" },
    { type: "host.stop", time: 90_000, reason: "abandoned", outcome: "abandoned" },
  );
  expect(only(reducer.of("run.end"))).toMatchObject({ outcome: "abandoned", time: 1700 });
  expect(only(reducer.of("session.end"))).toMatchObject({ time: 1700, stopReason: "error" });
});

test("announce turns are marked and take no turn's number", () => {
  const reducer = startReducer();
  reducer.feed(open, start, completed);
  reducer.feed({ ...start, runId: "a", time: 2000, trigger: "announce" });
  reducer.feed({ ...completed, runId: "a", time: 2100 });
  reducer.feed({ ...start, runId: "r2", time: 3000 });
  expect(reducer.of("run.start").map(({ run }) => [run.runId, run.turnIndex])).toEqual([
    ["r1", 0],
    ["a", 0],
    ["r2", 1],
  ]);
  expect(reducer.of("run.start")[0]?.session.turns).toBe(2);
});

test("the same message told by several signals is one message", () => {
  const reducer = startReducer();
  const message = {
    type: "message.received",
    time: 1100,
    sessionKey: "k",
    messageId: "m1",
  } as const;
  reducer.feed(open, message, { ...message, time: 1101 }, { ...message, type: "message.sent" });
  expect(reducer.of("message.received")).toHaveLength(1);
  expect(reducer.of("message.sent")).toHaveLength(1);
});

test("secrets leave errors and settings when a record is made", () => {
  const reducer = startReducer();
  reducer.feed(open, start, {
    ...completed,
    outcome: "failed",
    error: "401 with Authorization: Bearer abcdefghijklmnop1234",
  } as LifecycleEvent);
  expect(only(reducer.of("run.end")).run.error).not.toContain("abcdefghijklmnop");
});

test("100,000 sessions opened and ended leave a bounded memory of them", () => {
  const reducer = startReducer();
  for (let n = 0; n < 100_000; n += 1) {
    reducer.feed({ ...open, sessionKey: `k${n}`, time: n });
    reducer.feed({ type: "session.close", time: n, sessionKey: `k${n}`, reason: "end" });
    reducer.records.length = 0;
  }
  const { state } = reducer;
  expect(state.sessions.size + state.runs.size + state.settling.size).toBe(0);
  expect(state.closedSessions.size).toBeLessThanOrEqual(4096);
});
