import { expect, test } from "vitest";
import { HookEngine } from "../../src/hooks/engine.ts";
import type { HookFinding } from "../../src/hooks/outcomes.ts";
import { recordOfEachHook } from "./moments.ts";

const records = recordOfEachHook();

test("a handler that observes a guard's hook is told, not waited for, and its answer is ignored", async () => {
  const findings: HookFinding[] = [];
  const engine = new HookEngine({ report: (finding) => findings.push(finding) });
  const { promise, reject } = Promise.withResolvers<{ abort: true }>();
  let told = 0;
  engine.on("beforeTurn", () => ({ abort: ++told > 0 }), { observes: true });
  engine.on("beforeTurn", () => promise, { observes: true, name: "slow" });
  expect(engine.dispatch(records.beforeTurn)).toBeUndefined();
  expect(told).toBe(1);
  reject(new RangeError("late"));
  await engine.settled(1000);
  expect(findings).toMatchObject([{ type: "hook.failure", entry: "slow", error: "late" }]);
});

test("it is told in its place: not where a guard before it stopped the turn", async () => {
  const engine = new HookEngine();
  const told: string[] = [];
  const observe = (name: string) => () => void told.push(name);
  engine.on("beforeTurn", observe("before"), { observes: true, priority: 1 });
  engine.on("beforeTurn", async () => ({ abort: true }), { priority: 2 });
  engine.on("beforeTurn", observe("behind"), { observes: true, priority: 3 });
  await expect(engine.dispatch(records.beforeTurn)).resolves.toMatchObject({ abort: true });
  expect(told).toEqual(["before"]);
});

test("a watcher sees the records of its types, hooks or not, until it is disposed", () => {
  const engine = new HookEngine();
  const seen: string[] = [];
  expect(engine.listens(records.afterTurn)).toBe(false);
  const watching = engine.watch(["run.end", "call.end"], ({ type }) => void seen.push(type));
  expect([engine.hasListeners, engine.listens(records.afterTurn)]).toEqual([true, true]);
  expect(engine.listens(records["session:start"])).toBe(false);
  for (const record of [records.afterTurn, records["session:start"]]) void engine.dispatch(record);
  watching[Symbol.dispose]();
  watching[Symbol.dispose]();
  void engine.dispatch(records.afterTurn);
  expect(seen).toEqual(["run.end"]);
  expect(engine.hasListeners).toBe(false);
});

test("a watcher that throws harms neither the others nor the handlers, and is said once", () => {
  const lines: string[] = [];
  const write = (text: string): void => void lines.push(text);
  const engine = new HookEngine({ log: { debug: write, info: write, warn: write, error: write } });
  const seen: string[] = [];
  engine.watch(["run.end"], () => {
    throw new Error("broken");
  });
  engine.watch(["run.end"], () => void seen.push("watcher"));
  engine.on("afterTurn", () => void seen.push("handler"));
  for (let times = 0; times < 2; times += 1) void engine.dispatch(records.afterTurn);
  expect(seen).toEqual(["watcher", "handler", "watcher", "handler"]);
  expect(lines).toEqual(["hook run.end was not called: broken; said once"]);
});
