import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate as nextLoop } from "node:timers/promises";
import { expect, test } from "vitest";
import { HookEngine } from "../../src/hooks/engine.ts";
import type { HookLog } from "../../src/hooks/payload.ts";
import { recordOfEachHook } from "./moments.ts";

const records = recordOfEachHook();
const patch = records["session:patch"];

function startEngine() {
  const warnings: string[] = [];
  const drops: string[] = [];
  const quiet = (): void => undefined;
  const log: HookLog = { debug: quiet, info: quiet, error: quiet, warn: (m) => warnings.push(m) };
  const engine = new HookEngine({ log, drop: (reason) => drops.push(reason) });
  return { engine, warnings, drops };
}

test("what a hook does fires hooks to depth 3, then nothing, and that is said once", () => {
  const { engine, warnings, drops } = startEngine();
  let calls = 0;
  engine.on("session:patch", () => {
    calls += 1;
    void engine.dispatch(patch);
  });
  void engine.dispatch(patch);
  expect(calls).toBe(3);
  void engine.dispatch(patch);
  expect(calls).toBe(6);
  expect(drops).toEqual(["hook_depth", "hook_depth"]);
  expect(warnings).toHaveLength(1);
});

test("the depth is kept after an await, and by work that no one awaits", async () => {
  const { engine, drops } = startEngine();
  let calls = 0;
  engine.on("afterTurn", () => {
    calls += 1;
    const goOn = async (): Promise<void> => {
      await nextLoop();
      void engine.dispatch(records.afterTurn);
    };
    void goOn();
  });
  void engine.dispatch(records.afterTurn);
  for (let turn = 0; turn < 10; turn += 1) await nextLoop();
  expect(calls).toBe(3);
  expect(drops).toEqual(["hook_depth"]);
});

test("a guard that starts turns is asked about them to depth 3 only", async () => {
  const { engine } = startEngine();
  let calls = 0;
  engine.on("beforeTurn", async () => {
    calls += 1;
    await nextLoop();
    await engine.dispatch(records.beforeTurn);
    return { abort: true };
  });
  await expect(engine.dispatch(records.beforeTurn)).resolves.toMatchObject({ abort: true });
  expect(calls).toBe(3);
});

test("the depth ends with the hook: what the host does next starts at 0", () => {
  const { engine } = startEngine();
  let calls = 0;
  engine.on("session:patch", () => {
    calls += 1;
  });
  for (let turn = 0; turn < 10; turn += 1) void engine.dispatch(patch);
  expect(calls).toBe(10);
});

test("a handler may ask not to be called for what hooks did", () => {
  const { engine, warnings } = startEngine();
  const calls = { first: 0, all: 0 };
  engine.on(
    "session:patch",
    () => {
      calls.first += 1;
    },
    { maxDepth: 1 },
  );
  engine.on("session:patch", () => {
    calls.all += 1;
    if (calls.all === 1) void engine.dispatch(patch);
  });
  void engine.dispatch(patch);
  expect(calls).toEqual({ first: 1, all: 2 });
  expect(warnings).toEqual([]);
});

test("handlers see the host's async context, and what they enter does not leak into it", () => {
  const { engine } = startEngine();
  const host = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  engine.on("session:patch", () => {
    seen.push(host.getStore());
    host.enterWith("hook");
  });
  host.run("host", () => {
    void engine.dispatch(patch);
    expect(host.getStore()).toBe("host");
  });
  expect(seen).toEqual(["host"]);
});
