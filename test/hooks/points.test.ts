import { expect, test } from "vitest";
import { type HookName, hookOf, hookPoints } from "../../src/hooks/points.ts";
import type { LifecycleRecord } from "../../src/lifecycle/records.ts";
import { startReducer } from "../support/reducer.ts";
import { recordOfEachHook } from "./moments.ts";

test("there are eleven hooks, and one of them is a guard", () => {
  expect(hookPoints).toEqual({
    "session:start": "observer",
    "session:end": "observer",
    "session:patch": "observer",
    beforeTurn: "guard",
    afterTurn: "observer",
    onTurnError: "observer",
    onMessageReceived: "observer",
    onMessageSent: "observer",
    onSubagentSpawned: "observer",
    onSubagentFinished: "observer",
    onSubagentKilled: "observer",
  });
});

test("every hook is fired by a record that the reducer makes", () => {
  const types = Object.entries(recordOfEachHook()).map(([hook, record]) => [hook, record.type]);
  expect(Object.fromEntries(types)).toEqual({
    "session:start": "session.start",
    "session:end": "session.end",
    "session:patch": "session.patch",
    beforeTurn: "run.start",
    afterTurn: "run.end",
    onTurnError: "run.end",
    onMessageReceived: "message.received",
    onMessageSent: "message.sent",
    onSubagentSpawned: "subagent.spawned",
    onSubagentFinished: "subagent.finished",
    onSubagentKilled: "subagent.killed",
  });
});

const hooksOf = (records: readonly LifecycleRecord[]): (HookName | undefined)[] =>
  records.map(hookOf);

test.each(["blocked", "cancelled", "abandoned"] as const)(
  "a turn that was %s ends without a hook",
  (outcome) => {
    const { feed, records } = startReducer();
    feed({ type: "run.start", time: 1, runId: "r", sessionKey: "k" });
    records.length = 0;
    feed({ type: "run.end", time: 2, runId: "r", outcome });
    expect(hooksOf(records)).toEqual([undefined]);
  },
);

test("a subagent's run is asked about like a turn, and ends with its own hook only", () => {
  const { feed, records } = startReducer();
  feed(
    { type: "run.start", time: 1, runId: "r", sessionKey: "k" },
    {
      type: "subagent.spawn",
      time: 2,
      runId: "c",
      sessionKey: "sub",
      parentSessionKey: "k",
      parentRunId: "r",
    },
    { type: "run.start", time: 3, runId: "c", sessionKey: "sub" },
    { type: "run.end", time: 4, runId: "c", outcome: "failed", error: "no" },
  );
  expect(hooksOf(records)).toEqual([
    "session:start",
    "beforeTurn",
    "onSubagentSpawned",
    "beforeTurn",
    undefined,
    "onSubagentFinished",
  ]);
});

test("retries, calls and what hooks did fire nothing", () => {
  const { feed, records } = startReducer();
  feed({ type: "run.start", time: 1, runId: "r", sessionKey: "k" });
  records.length = 0;
  feed(
    { type: "run.attempt", time: 2, runId: "r", attempt: 2 },
    { type: "model.start", time: 3, runId: "r", callId: "c", model: "m" },
    { type: "model.end", time: 4, runId: "r", callId: "c" },
    { type: "hook.failure", time: 5, hook: "beforeTurn", runId: "r", error: "no" },
    { type: "hook.decision", time: 6, hook: "beforeTurn", runId: "r", decision: "abort" },
  );
  expect(records.map((record) => record.type)).toEqual([
    "run.attempt",
    "call.start",
    "call.end",
    "hook.failure",
    "hook.decision",
  ]);
  expect(hooksOf(records)).toEqual([undefined, undefined, undefined, undefined, undefined]);
});
