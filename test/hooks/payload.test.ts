import { expect, expectTypeOf, test } from "vitest";
import { HookEngine } from "../../src/hooks/engine.ts";
import type { HookPayloads } from "../../src/hooks/payload.ts";
import type { SessionPatchRecord } from "../../src/lifecycle/records.ts";
import { startReducer } from "../support/reducer.ts";
import { recordOfEachHook } from "./moments.ts";
import { payloadOf } from "./payload-of.ts";

test("a payload serves handlers of the flat names and of the event shape alike", () => {
  const { type, action, sessionKey, sessionId, timestamp, context, hookPoint, workflow } =
    payloadOf("session:end", recordOfEachHook()["session:end"]);
  expect({ type, action, sessionKey, sessionId, hookPoint, workflow }).toEqual({
    type: "session",
    action: "end",
    sessionKey: "web:42",
    sessionId: "s-1",
    hookPoint: "session:end",
    workflow: "agent",
  });
  expect(timestamp).toEqual(new Date("2026-01-02T03:04:05.040Z"));
  expect(context.stopReason).toBe("error");
});

test("a subagent's run names who spawned it before it runs", () => {
  const { feed, of } = startReducer();
  feed(
    { type: "run.start", time: 1, runId: "r", sessionKey: "k", sessionId: "s", agentId: "a" },
    {
      type: "subagent.spawn",
      time: 2,
      runId: "c",
      sessionKey: "sub",
      agentId: "b",
      parentSessionKey: "k",
      parentRunId: "r",
    },
    { type: "run.start", time: 3, runId: "c", sessionKey: "sub" },
  );
  const [turn, run] = of("run.start");
  if (turn === undefined || run === undefined) throw new Error("no runs");
  expect(payloadOf("beforeTurn", turn).parent).toBeUndefined();
  expect(payloadOf("beforeTurn", run)).toMatchObject({
    sessionKey: "sub",
    runId: "c",
    agentId: "b",
    parent: { sessionId: "s", sessionKey: "k", runId: "r", agentId: "a" },
  });
});

test("the host's config reaches handlers and no JSON; our own is shown where the host gives none", () => {
  const record = recordOfEachHook()["session:patch"];
  const payload = payloadOf("session:patch", record);
  expect(payload.context.cfg).toEqual({ gateway: { token: "a secret" } });
  expect(JSON.stringify(payload)).not.toContain("a secret");
  const ours: SessionPatchRecord = { ...record, cfg: undefined };
  const shown = payloadOf("session:patch", ours, { cfg: { content: "none" } });
  expect(JSON.parse(JSON.stringify(shown.context))).toMatchObject({ cfg: { content: "none" } });
});

test("the host's session entry comes before what we know of it", () => {
  const record = {
    ...recordOfEachHook()["session:patch"],
    entry: { sessionId: "s-1", model: "x" },
  };
  expect(payloadOf("session:patch", record).context.sessionEntry).toEqual({
    sessionId: "s-1",
    model: "x",
  });
});

test("a cost is undefined where no call had a known price, and the sum of those that had", () => {
  const { feed, of } = startReducer();
  const call = { time: 2, runId: "r", usage: { inputTokens: 1 } } as const;
  feed(
    { type: "run.start", time: 1, runId: "r", sessionKey: "k" },
    { ...call, type: "model.start", callId: "a", model: "m" },
    { ...call, type: "model.end", callId: "a" },
  );
  const costUsd = (): number | undefined => {
    feed({ type: "run.end", time: 3, runId: "r", outcome: "completed" });
    const record = of("run.end").at(-1);
    return record === undefined ? undefined : payloadOf("afterTurn", record).costUsd;
  };
  expect(costUsd()).toBeUndefined();
  feed(
    { type: "run.start", time: 4, runId: "r2", sessionKey: "k" },
    { ...call, type: "model.start", runId: "r2", callId: "b", model: "m" },
    {
      ...call,
      type: "model.end",
      runId: "r2",
      callId: "b",
      cost: { nanoUsd: 0, source: "host" },
    },
    { type: "run.end", time: 5, runId: "r2", outcome: "completed" },
  );
  const free = of("run.end").at(-1);
  expect(free === undefined ? undefined : payloadOf("afterTurn", free).costUsd).toBe(0);
});

test("meta is one bag for the hooks of a run, and another one for each session hook", () => {
  const records = recordOfEachHook();
  const engine = new HookEngine();
  engine.on("beforeTurn", ({ meta }) => {
    meta["seen"] = "before";
  });
  const seen: unknown[] = [];
  engine.on("afterTurn", ({ meta }) => seen.push(meta["seen"]));
  engine.on("session:patch", ({ meta }) => seen.push(Object.keys(meta)));
  engine.on("session:end", ({ meta }) => {
    meta["mine"] = true;
  });
  engine.on("session:end", ({ meta }) => seen.push(meta["mine"]));
  for (const hook of ["beforeTurn", "session:patch", "afterTurn", "session:end"] as const) {
    void engine.dispatch(records[hook]);
  }
  expect(seen).toEqual([[], "before", true]);
});

test("JSON holds of meta what JSON can hold, and no log", () => {
  const payload = payloadOf("beforeTurn", recordOfEachHook().beforeTurn);
  const loop: Record<string, unknown> = {};
  loop["self"] = loop;
  Object.assign(payload.meta, { count: 1, loop, big: 1n, run: () => 1, deep: { list: [1] } });
  const json: Record<string, unknown> = JSON.parse(JSON.stringify(payload));
  expect(json["meta"]).toEqual({ count: 1, deep: { list: [1] } });
  expect(json).not.toHaveProperty("log");
});

test("log goes where the engine was told to", () => {
  const lines: string[] = [];
  const say = (message: string): void => {
    lines.push(message);
  };
  const log = { debug: say, info: say, warn: say, error: say };
  const payload = payloadOf("beforeTurn", recordOfEachHook().beforeTurn, { log });
  payload.log.info("hello");
  expect(lines).toEqual(["hello"]);
});

test("what a handler writes into its payload reaches neither the session nor the record", () => {
  const record = recordOfEachHook()["session:patch"];
  const payload = payloadOf("session:patch", record);
  Object.assign(payload.context.patch, { model: "evil" });
  Object.assign(payload.context.sessionEntry ?? {}, { model: "evil" });
  for (const change of payload.turnspan.changes) Object.assign(change, { after: "evil" });
  const start = payloadOf("session:start", recordOfEachHook()["session:start"]);
  Object.assign(start.context.metadata ?? {}, { workflowId: "evil" });
  expect(record.patch).toEqual({ model: "small", apiKey: "hunter2" });
  expect(record.session.settings).toEqual({ model: "small" });
  expect(record.session.details?.metadata).toEqual({ workflowId: "w-7" });
  expect(record.changes[0]).toMatchObject({ after: "small" });
});

test("ids that come after the start are seen by who reads the payload then", () => {
  const record = recordOfEachHook().onTurnError;
  const payload = payloadOf("onTurnError", record);
  expect(payload.traceparent).toBeUndefined();
  record.run.ids = { traceId: "1".repeat(32), spanId: "2".repeat(16) };
  expect(payload.traceparent).toBe(`00-${"1".repeat(32)}-${"2".repeat(16)}-01`);
});

test("handlers know their payload's fields", () => {
  expectTypeOf<HookPayloads["beforeTurn"]["turnIndex"]>().toEqualTypeOf<number>();
  expectTypeOf<HookPayloads["onTurnError"]["error"]>().toEqualTypeOf<string>();
  expectTypeOf<HookPayloads["session:end"]["action"]>().toEqualTypeOf<"end">();
  const engine = new HookEngine();
  engine.on("beforeTurn", ({ turnIndex }) =>
    turnIndex >= 50 ? { abort: true, reason: "50 turns are enough" } : undefined,
  );
  engine.on("onTurnError", ({ errorType }) => errors.push(errorType));
  const errors: string[] = [];
  // @ts-expect-error: a verdict is no string
  engine.on("beforeTurn", () => ({ abort: "yes" }));
  // @ts-expect-error: an observer has nothing to be open or closed about
  expect(() => engine.on("afterTurn", () => undefined, { onFailure: "closed" })).toThrow();
});
