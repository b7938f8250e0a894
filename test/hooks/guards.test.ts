import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { HookEngine, type HookEngineOptions } from "../../src/hooks/engine.ts";
import type { HookHandler } from "../../src/hooks/entry.ts";
import type { HookFinding } from "../../src/hooks/outcomes.ts";
import { recordOfEachHook } from "./moments.ts";

const before = recordOfEachHook().beforeTurn;
const ABOUT = { hook: "beforeTurn", sessionKey: "web:42", runId: "r-1" };

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function startEngine(options: HookEngineOptions = {}) {
  const findings: HookFinding[] = [];
  const engine = new HookEngine({ ...options, report: (finding) => findings.push(finding) });
  return { engine, findings };
}

const never = (): Promise<never> => new Promise(() => undefined);

const later = <T>(ms: number, value: T): Promise<T> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(value), ms);
  });

test("the verdict of synchronous guards is there at once and is no promise", () => {
  const { engine } = startEngine();
  engine.on("beforeTurn", () => undefined);
  expect(engine.dispatch(before)).toBeUndefined();
  engine.on("beforeTurn", () => ({ abort: true, reason: "too many" }), { name: "budget" });
  expect(engine.dispatch(before)).toEqual({ abort: true, reason: "too many", hook: "budget" });
});

test("the first abort wins, and guards behind it are not asked", () => {
  const { engine, findings } = startEngine();
  engine.on("beforeTurn", () => ({ abort: true, reason: "second" }), { priority: 20 });
  engine.on("beforeTurn", () => ({ abort: true, reason: "first" }), { priority: 5, name: "stop" });
  let behind = false;
  const askBehind = (): void => {
    behind = true;
  };
  engine.on("beforeTurn", askBehind, { priority: 30 });
  expect(engine.dispatch(before)).toMatchObject({ reason: "first" });
  expect(behind).toBe(false);
  expect(findings).toEqual([
    {
      ...ABOUT,
      type: "hook.decision",
      entry: "stop",
      decision: "abort",
      reason: "first",
      durationMs: 0,
    },
  ]);
});

test("an abort without a reason was made by hook", () => {
  const { engine } = startEngine();
  engine.on("beforeTurn", function killSwitch() {
    return { abort: true };
  });
  expect(engine.dispatch(before)).toEqual({
    abort: true,
    reason: "aborted by hook",
    hook: "killSwitch",
  });
});

test.each([
  ["nothing", undefined],
  ["null", null],
  ["false", false],
  ["a number", 42],
  ["a text", "abort"],
  ["abort: false", { abort: false }],
  ["abort: undefined", { abort: undefined }],
  ["something else", { ok: true }],
])("a guard that answers %s lets the run pass without trouble", async (_what, answer) => {
  const { engine, findings } = startEngine();
  engine.on("beforeTurn", (() => answer) as HookHandler<"beforeTurn">, { onFailure: "closed" });
  expect(engine.dispatch(before)).toBeUndefined();
  engine.on("beforeTurn", (async () => answer) as HookHandler<"beforeTurn">, {
    onFailure: "closed",
  });
  await expect(engine.dispatch(before)).resolves.toBeUndefined();
  expect(findings).toEqual([]);
});

test("guards are awaited in turn, and the first abort in their order wins", async () => {
  const { engine } = startEngine();
  const asked: string[] = [];
  engine.on("beforeTurn", () => {
    asked.push("slow");
    return later(30, undefined);
  });
  engine.on("beforeTurn", async () => {
    asked.push("abort");
    return { abort: true, reason: "mine" };
  });
  engine.on("beforeTurn", () => {
    asked.push("behind");
  });
  const verdict = engine.dispatch(before);
  expect(verdict).toBeInstanceOf(Promise);
  expect(asked).toEqual(["slow"]);
  await vi.advanceTimersByTimeAsync(30);
  await expect(verdict).resolves.toMatchObject({ abort: true, reason: "mine" });
  expect(asked).toEqual(["slow", "abort"]);
});

test("synchronous guards before an asynchronous one decide without it", () => {
  const { engine } = startEngine();
  engine.on("beforeTurn", () => later(30, { abort: true }), { priority: 20 });
  engine.on("beforeTurn", () => ({ abort: true, reason: "now" }));
  expect(engine.dispatch(before)).toMatchObject({ reason: "now" });
});

test("a guard that hangs is open by default: the run passes at its deadline", async () => {
  const { engine, findings } = startEngine();
  engine.on("beforeTurn", never, { timeoutMs: 200, name: "policy" });
  const verdict = engine.dispatch(before);
  await vi.advanceTimersByTimeAsync(199);
  await expect(Promise.race([verdict, "waiting"])).resolves.toBe("waiting");
  await vi.advanceTimersByTimeAsync(1);
  await expect(verdict).resolves.toBeUndefined();
  expect(findings).toEqual([
    {
      ...ABOUT,
      type: "hook.failure",
      entry: "policy",
      error: "no answer within 200 ms",
      errorType: "TimeoutError",
      durationMs: 200,
    },
  ]);
});

test("ten seconds are the deadline that a guard has by default", async () => {
  const { engine } = startEngine();
  engine.on("beforeTurn", never, { onFailure: "closed" });
  const verdict = engine.dispatch(before);
  await vi.advanceTimersByTimeAsync(10_000);
  await expect(verdict).resolves.toMatchObject({
    reason: 'hook "never" failed: no answer within 10000 ms',
  });
});

test("an answer that comes after the deadline changes nothing", async () => {
  const { engine, findings } = startEngine();
  engine.on("beforeTurn", () => later(100, { abort: true }), { timeoutMs: 20 });
  const verdict = engine.dispatch(before);
  await vi.advanceTimersByTimeAsync(1000);
  await expect(verdict).resolves.toBeUndefined();
  expect(findings.map(({ type }) => type)).toEqual(["hook.failure"]);
});

const trap = (): never => {
  throw new Error("getter");
};
const failures: readonly (readonly [string, () => unknown, string])[] = [
  [
    "throws",
    () => {
      throw new RangeError("no");
    },
    "no",
  ],
  ["rejects", () => Promise.reject(new RangeError("no")), "no"],
  ["hangs", never, "no answer within 50 ms"],
  [
    "has a getter of abort that throws",
    () => ({
      get abort(): boolean {
        return trap();
      },
    }),
    "getter",
  ],
  [
    "has a getter of then that throws",
    () => ({
      // biome-ignore lint/suspicious/noThenProperty: that is the trap
      get then(): unknown {
        return trap();
      },
    }),
    "getter",
  ],
  ["answers abort: a text", () => ({ abort: "yes" }), "abort is neither true nor false"],
  ["answers abort: 1 later", async () => ({ abort: 1 }), "abort is neither true nor false"],
];

test.each(failures)("an open guard that %s lets the run pass", async (_how, act, error) => {
  const { engine, findings } = startEngine();
  let asked = false;
  engine.on("beforeTurn", act as HookHandler<"beforeTurn">, { timeoutMs: 50 });
  engine.on("beforeTurn", () => {
    asked = true;
  });
  const verdict = engine.dispatch(before);
  await vi.advanceTimersByTimeAsync(50);
  expect(await verdict).toBeUndefined();
  expect(asked).toBe(true);
  expect(findings).toMatchObject([{ ...ABOUT, type: "hook.failure", error }]);
});

test.each(failures)("a closed guard that %s aborts and says why", async (_how, act, error) => {
  const { engine, findings } = startEngine();
  engine.on("beforeTurn", act as HookHandler<"beforeTurn">, {
    timeoutMs: 50,
    onFailure: "closed",
    name: "policy",
  });
  let behind = false;
  engine.on("beforeTurn", () => {
    behind = true;
  });
  const verdict = engine.dispatch(before);
  await vi.advanceTimersByTimeAsync(50);
  const reason = `hook "policy" failed: ${error}`;
  expect(await verdict).toEqual({ abort: true, reason, hook: "policy" });
  expect(behind).toBe(false);
  expect(findings).toMatchObject([
    { type: "hook.failure", entry: "policy", error },
    { type: "hook.decision", entry: "policy", decision: "abort", reason },
  ]);
});

test("a guard whose filter throws has failed", () => {
  const { engine, findings } = startEngine();
  engine.on("beforeTurn", () => undefined, { filter: trap, onFailure: "closed", name: "policy" });
  expect(engine.dispatch(before)).toMatchObject({ reason: 'hook "policy" failed: getter' });
  expect(findings).toHaveLength(2);
});

test("an abort is meant even where its reason cannot be read", () => {
  const { engine } = startEngine();
  engine.on("beforeTurn", () => ({
    abort: true,
    get reason(): string {
      return trap();
    },
  }));
  expect(engine.dispatch(before)).toMatchObject({ abort: true, reason: "aborted by hook" });
});

test("all guards together have a limit; one that needs no time is asked even after it", async () => {
  const { engine, findings } = startEngine({ guardsTimeoutMs: 100 });
  for (const name of ["a", "b"]) {
    engine.on("beforeTurn", () => later(60, undefined), { name });
  }
  engine.on("beforeTurn", never, { name: "c" });
  engine.on("beforeTurn", () => ({ abort: true, reason: "kill switch" }));
  const verdict = engine.dispatch(before);
  await vi.advanceTimersByTimeAsync(101);
  await expect(verdict).resolves.toMatchObject({ reason: "kill switch" });
  expect(findings.slice(0, 2)).toMatchObject([
    { entry: "b", error: "no answer within 40 ms" },
    { entry: "c", error: "no answer within 0 ms" },
  ]);
});

test("a guard disposed while another one is awaited is not asked", async () => {
  const { engine } = startEngine();
  engine.on("beforeTurn", () => later(30, undefined));
  const second = engine.on("beforeTurn", () => ({ abort: true }));
  const verdict = engine.dispatch(before);
  second[Symbol.dispose]();
  await vi.advanceTimersByTimeAsync(30);
  await expect(verdict).resolves.toBeUndefined();
});
