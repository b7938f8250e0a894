import { setImmediate as nextLoop } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { trace } from "@opentelemetry/api";
import { expect, test } from "vitest";
import type { LifecycleEvent } from "../../src/lifecycle/events.ts";
import { Lifecycle } from "../../src/lifecycle/lifecycle.ts";
import { startReducer } from "../support/reducer.ts";
import { startTestTelemetry } from "../support/telemetry.ts";

const large = "x".repeat(10_000);

test("of a closed session only who it was is kept: no message, setting, metadata or spawner", () => {
  const reducer = startReducer();
  reducer.feed(
    { type: "session.open", time: 1, sessionKey: "k", metadata: { large }, project: "p" },
    { type: "run.start", time: 2, sessionKey: "k", runId: "r" },
    { type: "session.patch", time: 3, sessionKey: "k", patch: { label: large } },
    { type: "subagent.spawn", time: 4, sessionKey: "c", parentSessionKey: "k", runId: "r2" },
    { type: "run.end", time: 5, runId: "r2", outcome: "completed" },
    { type: "run.end", time: 6, runId: "r", outcome: "completed", lastMessage: large },
    { type: "session.close", time: 7, sessionKey: "k", reason: "end" },
  );
  const kept = [...reducer.state.closedSessions.values()];
  expect(kept.map(({ sessionKey }) => sessionKey).sort()).toEqual(["c", "k"]);
  expect(kept.map(({ parent }) => parent)).toEqual([undefined, undefined]);
  expect(JSON.stringify(kept)).not.toContain("xxxx");
  expect(kept.find(({ sessionKey }) => sessionKey === "k")?.details?.project).toBe("p");
});

const told: readonly LifecycleEvent[] = [
  { type: "run.start", time: 1, sessionKey: "k", runId: "r" },
  { type: "model.start", time: 2, runId: "r", callId: "c", input: large },
  { type: "tool.start", time: 2, runId: "r", callId: "t", name: "t", input: large },
];

const contentOf = (lifecycle: Lifecycle) =>
  [...(lifecycle.state.runs.get("r")?.calls.values() ?? [])].flatMap(({ input, output }) => [
    input,
    output,
  ]);

function startLifecycle(
  content: "none" | "export",
  spans: "live" | "deferred" = "live",
): Lifecycle {
  const policy = { content, sessionKeys: "plain", constant: {} } as const;
  return new Lifecycle(
    { keepsContent: content !== "none" },
    { tracer: trace.getTracer("test"), spans, traceScope: "turn", policy },
  );
}

test("a call's input is not kept where content goes nowhere, and no longer than the call elsewhere", () => {
  const none = startLifecycle("none");
  for (const event of told) none.tell(event);
  expect(contentOf(none)).toEqual([undefined, undefined, undefined, undefined]);
  const all = startLifecycle("export");
  for (const event of told) all.tell(event);
  expect(contentOf(all)).toEqual([large, undefined, large, undefined]);
  all.tell({ type: "model.end", time: 3, runId: "r", callId: "c", output: large });
  all.tell({ type: "tool.end", time: 3, runId: "r", callId: "t", output: large });
  expect(contentOf(all)).toEqual([undefined, undefined, undefined, undefined]);
});

test("span events of a subagent's session, which has no span, are gone with it", async () => {
  setFlagsFromString("--expose_gc");
  const collect = runInNewContext("gc") as () => void;
  const lifecycle = startLifecycle("none", "deferred");
  const play = (): WeakRef<object> => {
    lifecycle.tell({ type: "run.start", time: 1, sessionKey: "k", runId: "r" });
    const child = { sessionKey: "c", parentSessionKey: "k", runId: "r2" };
    lifecycle.tell({ ...child, type: "subagent.spawn", time: 2 });
    lifecycle.tell({ type: "session.patch", time: 3, sessionKey: "c", patch: { model: "m" } });
    const session = lifecycle.state.sessions.get("c");
    lifecycle.tell({ type: "run.end", time: 4, runId: "r2", outcome: "completed" });
    return new WeakRef(session ?? {});
  };
  const session = play();
  expect(lifecycle.state.closedSessions.has("c")).toBe(true);
  for (let round = 0; round < 5 && session.deref() !== undefined; round += 1) {
    await nextLoop();
    collect();
  }
  expect(session.deref()).toBeUndefined();
});

test("subagents' sessions of one key opened in one millisecond have record ids of their own, each time", () => {
  const play = () => {
    const reducer = startReducer();
    reducer.feed({ type: "run.start", time: 1, sessionKey: "k", runId: "r" });
    for (const runId of ["a", "b", "c"]) {
      reducer.feed(
        { type: "subagent.spawn", time: 2, sessionKey: "child", parentSessionKey: "k", runId },
        { type: "run.end", time: 2, runId, outcome: "completed" },
      );
    }
    return reducer.records.map(({ id }) => id).filter((id) => id !== "");
  };
  const ids = play();
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toHaveLength(2 + 3 * 2);
  expect(play()).toEqual(ids);
});

test("what a hook failed at when a subagent had ended is recorded", async () => {
  await using telemetry = startTestTelemetry();
  telemetry.turnspan.hooks.on("onSubagentFinished", () => {
    throw new Error("broken");
  });
  using session = telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" });
  await session.turn({}, (turn) =>
    turn.subagent({ agentId: "child", sessionKey: "c" }, () => undefined),
  );
  const failures = telemetry
    .records()
    .filter(({ eventName }) => eventName === "turnspan.hook.failure");
  expect(failures.map(({ attributes }) => attributes["turnspan.session.key"])).toEqual(["c"]);
});

test("the open sessions are counted when they are asked for", async () => {
  await using telemetry = startTestTelemetry();
  const { turnspan } = telemetry;
  const read = async () =>
    (await telemetry.points("turnspan.session.active")).map(({ attributes, value }) => [
      attributes["gen_ai.agent.name"],
      value,
    ]);
  // Opened by a turn of an agent that nobody named, and named afterwards.
  const about = { sessionKey: "k", time: Date.now() };
  turnspan.observe({ ...about, type: "message.received" });
  expect(await read()).toEqual([["agent", 1]]);
  turnspan.observe({ ...about, type: "session.open", agentId: "named" });
  expect(await read()).toEqual([
    ["agent", 0],
    ["named", 1],
  ]);
  turnspan.close();
  for (const [, value] of await read()) expect(value).toBe(0);
});
