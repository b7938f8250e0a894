import { setImmediate as nextLoop } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { HookEngine } from "../../src/hooks/engine.ts";
import type { DropReason } from "../../src/hooks/outcomes.ts";
import type { HookLog } from "../../src/hooks/payload.ts";
import { recordOfEachHook } from "./moments.ts";

const records = recordOfEachHook();
const after = records.afterTurn;

afterEach(() => {
  vi.useRealTimers();
});

/** A log that keeps what is said to it at each level. */
function keepLog() {
  const said = { debug: [], info: [], warn: [], error: [] } as Record<keyof HookLog, string[]>;
  const log: HookLog = {
    debug: (message) => said.debug.push(message),
    info: (message) => said.info.push(message),
    warn: (message) => said.warn.push(message),
    error: (message) => said.error.push(message),
  };
  return { log, said };
}

test("handlers are called by ascending priority, equal ones as they were attached", () => {
  const engine = new HookEngine();
  const order: string[] = [];
  const add = (name: string, priority?: number): void => {
    engine.on("afterTurn", () => order.push(name), { priority });
  };
  add("default a");
  add("late", 100);
  add("default b");
  add("early", 1);
  add("ten", 10);
  void engine.dispatch(after);
  expect(order).toEqual(["early", "default a", "default b", "ten", "late"]);
});

test("a disposed handler is not called again, and disposing twice does nothing more", () => {
  const engine = new HookEngine();
  const called: string[] = [];
  const first = engine.on("afterTurn", () => called.push("first"));
  engine.on("afterTurn", () => called.push("second"));
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  void engine.dispatch(after);
  expect(called).toEqual(["second"]);
  expect(engine.hasListeners).toBe(true);
  expect(engine.listensTo("afterTurn")).toBe(true);
});

test("using detaches a handler at the end of its block", () => {
  const engine = new HookEngine();
  let calls = 0;
  {
    using _ = engine.on("afterTurn", () => {
      calls += 1;
    });
    void engine.dispatch(after);
  }
  void engine.dispatch(after);
  expect(calls).toBe(1);
  expect(engine.hasListeners).toBe(false);
});

test("a handler that an earlier one disposes is not called by the dispatch under way", () => {
  const engine = new HookEngine();
  const called: string[] = [];
  engine.on("afterTurn", () => {
    called.push("first");
    second[Symbol.dispose]();
  });
  const second = engine.on("afterTurn", () => called.push("second"));
  void engine.dispatch(after);
  expect(called).toEqual(["first"]);
});

test("a handler attached during a dispatch is called from the next one on", () => {
  const engine = new HookEngine();
  const called: string[] = [];
  engine.on("afterTurn", () => {
    called.push("first");
    if (called.length === 1) engine.on("afterTurn", () => called.push("second"));
  });
  void engine.dispatch(after);
  expect(called).toEqual(["first"]);
  void engine.dispatch(after);
  expect(called).toEqual(["first", "first", "second"]);
});

test("an engine that is disposed calls nobody", () => {
  const engine = new HookEngine();
  let calls = 0;
  engine.on("afterTurn", () => {
    calls += 1;
  });
  engine.on("beforeTurn", () => ({ abort: true }));
  engine[Symbol.dispose]();
  void engine.dispatch(after);
  expect(calls).toBe(0);
  expect(engine.dispatch(records.beforeTurn)).toBeUndefined();
  expect(engine.hasListeners).toBe(false);
});

test("only records whose hook has a handler are listened to", () => {
  const engine = new HookEngine();
  expect(engine.listens(after)).toBe(false);
  engine.on("afterTurn", () => undefined);
  expect(engine.listens(after)).toBe(true);
  expect(engine.listens(records.onTurnError)).toBe(false);
  expect(engine.listens({ ...after, outcome: "cancelled" })).toBe(false);
});

test("a filter decides whether its handler is called", () => {
  const engine = new HookEngine();
  const called: string[] = [];
  engine.on("afterTurn", () => called.push("support"), {
    filter: ({ agentId }) => agentId === "support",
  });
  engine.on("afterTurn", () => called.push("other"), {
    filter: ({ agentId }) => agentId === "other",
  });
  void engine.dispatch(after);
  expect(called).toEqual(["support"]);
});

test("what is wrong with a handler is said all at once", () => {
  const engine = new HookEngine();
  const on = engine.on.bind(engine) as (...args: unknown[]) => unknown;
  expect(() => on("beforeturn", () => undefined)).toThrow(
    /beforeturn: no such hook; there are .*beforeTurn/,
  );
  expect(() => on("afterTurn", "x", { priority: "1", timeoutMs: -1, onFailure: "closed" })).toThrow(
    "hook afterTurn: the handler is no function; priority is no number; " +
      "timeoutMs is no number of milliseconds; onFailure is for guards only",
  );
  expect(engine.hasListeners).toBe(false);
});

test("observers keep nobody waiting, and are waited for when asked", async () => {
  const engine = new HookEngine();
  const done: string[] = [];
  engine.on("afterTurn", async () => {
    await nextLoop();
    done.push("slow");
  });
  expect(engine.dispatch(after)).toBeUndefined();
  expect(done).toEqual([]);
  // Both resolve when there is nothing left, long before this test's own deadline.
  await engine.settled(600_000);
  expect(done).toEqual(["slow"]);
  await engine.settled(600_000);
});

test("a handler that hangs keeps no process alive", async () => {
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const engine = new HookEngine();
  const before = timers();
  engine.on("afterTurn", () => new Promise(() => undefined), { timeoutMs: 20 });
  void engine.dispatch(after);
  await Promise.resolve();
  expect(timers()).toBe(before);
  await engine.settled(1000);
});

test("waiting for observers ends when its time is up", async () => {
  vi.useFakeTimers();
  const engine = new HookEngine();
  engine.on("afterTurn", () => new Promise(() => undefined));
  void engine.dispatch(after);
  const settled = engine.settled(2000);
  await vi.advanceTimersByTimeAsync(1999);
  await expect(Promise.race([settled, "waiting"])).resolves.toBe("waiting");
  await vi.advanceTimersByTimeAsync(1);
  await expect(settled).resolves.toBeUndefined();
});

test("an observer that hangs is given up at its deadline and reported once", async () => {
  vi.useFakeTimers();
  const findings: unknown[] = [];
  const durations: unknown[] = [];
  const engine = new HookEngine({
    report: (finding) => findings.push(finding),
    duration: (...args) => durations.push(args),
  });
  const { promise, reject } = Promise.withResolvers<void>();
  engine.on("afterTurn", () => promise, { timeoutMs: 50, name: "pager" });
  void engine.dispatch(after);
  await vi.advanceTimersByTimeAsync(50);
  await engine.settled(1);
  reject(new Error("too late"));
  await vi.advanceTimersByTimeAsync(1000);
  expect(findings).toEqual([
    {
      type: "hook.failure",
      hook: "afterTurn",
      entry: "pager",
      sessionKey: "web:42",
      runId: "r-1",
      error: "no answer within 50 ms",
      errorType: "TimeoutError",
      durationMs: 50,
    },
  ]);
  expect(durations).toEqual([["afterTurn", 0.05, "TimeoutError"]]);
});

test("a promise that is settled already costs no timer", async () => {
  vi.useFakeTimers();
  const engine = new HookEngine();
  engine.on("afterTurn", async () => undefined);
  engine.on("beforeTurn", async () => ({ abort: true }));
  void engine.dispatch(after);
  await engine.dispatch(records.beforeTurn);
  expect(vi.getTimerCount()).toBe(0);
});

test("promises of a handler are bounded, and what is dropped is counted and said once", async () => {
  const { log, said } = keepLog();
  const drops: DropReason[] = [];
  const engine = new HookEngine({ log, maxInFlight: 3, drop: (reason) => drops.push(reason) });
  let hanging = 0;
  let quick = 0;
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  engine.on("afterTurn", () => {
    hanging += 1;
    return gate;
  });
  engine.on("afterTurn", () => {
    quick += 1;
  });
  for (let turn = 0; turn < 10; turn += 1) void engine.dispatch(after);
  expect({ hanging, quick }).toEqual({ hanging: 3, quick: 10 });
  expect(drops).toEqual(Array(7).fill("hook_queue_full"));
  expect(said.warn).toHaveLength(1);
  release();
  await engine.settled(1000);
  void engine.dispatch(after);
  expect(hanging).toBe(4);
});

test("durations are told of handlers that return promises or fail, not of quick ones", async () => {
  const durations: [string, string | undefined][] = [];
  const engine = new HookEngine({
    duration: (hook, seconds, errorType) => {
      expect(seconds).toBeGreaterThanOrEqual(0);
      durations.push([hook, errorType]);
    },
  });
  engine.on("afterTurn", () => undefined);
  engine.on("afterTurn", async () => undefined);
  engine.on("onTurnError", () => {
    throw new RangeError("no");
  });
  engine.on("beforeTurn", async () => undefined);
  void engine.dispatch(after);
  void engine.dispatch(records.onTurnError);
  await engine.dispatch(records.beforeTurn);
  await engine.settled(1000);
  expect(durations.sort()).toEqual([
    ["afterTurn", undefined],
    ["beforeTurn", undefined],
    ["onTurnError", "RangeError"],
  ]);
});

test("a handler that fails again and again warns once and is reported each time", () => {
  const { log, said } = keepLog();
  const errors: unknown[] = [];
  const engine = new HookEngine({ log, report: ({ error }) => errors.push(error) });
  engine.on("afterTurn", function billing() {
    throw new Error("no route, token=abcdef123456");
  });
  for (let turn = 0; turn < 3; turn += 1) void engine.dispatch(after);
  expect(errors).toEqual(Array(3).fill("no route, token=[redacted]"));
  expect(said.warn).toEqual(['hook afterTurn "billing" failed: no route, token=[redacted]']);
  expect(said.debug).toHaveLength(2);
});

test("whoever is connected later is told as well, and their trouble is theirs", () => {
  const told: string[] = [];
  const engine = new HookEngine({
    report: () => {
      throw new Error("audit is broken");
    },
  });
  engine.connect({ report: ({ type }) => told.push(type) });
  engine.on("afterTurn", () => {
    throw new Error("no");
  });
  void engine.dispatch(after);
  expect(told).toEqual(["hook.failure"]);
});

test("a handler is called without a this to reach into the engine by", () => {
  const engine = new HookEngine();
  const seen: unknown[] = [];
  engine.on("afterTurn", function (this: unknown) {
    seen.push(this);
  });
  void engine.dispatch(after);
  expect(seen).toEqual([undefined]);
});
