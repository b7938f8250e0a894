import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HookEngine } from "../../src/hooks/engine.ts";
import type { HookHandler } from "../../src/hooks/entry.ts";
import { type HookName, hookPoints } from "../../src/hooks/points.ts";
import { recordOfEachHook } from "./moments.ts";

const unhandled: unknown[] = [];
const keep = (error: unknown): void => {
  unhandled.push(error);
};

beforeAll(() => {
  process.on("unhandledRejection", keep);
});

afterAll(async () => {
  await sleep(5);
  process.off("unhandledRejection", keep);
  expect(unhandled).toEqual([]);
});

const trap = (): never => {
  throw new Error("trap");
};
/** Throws whatever is done with it. */
const hostile = new Proxy(() => undefined, {
  get: trap,
  has: trap,
  getPrototypeOf: trap,
  ownKeys: trap,
  apply: trap,
});

/* biome-ignore-start lint/suspicious/noThenProperty: thenables are what is tried here */
const misdeeds: Record<string, () => unknown> = {
  "throws an error": () => {
    throw new Error("no");
  },
  "throws undefined": () => {
    throw undefined;
  },
  "throws something that nobody can read": () => {
    throw hostile;
  },
  "throws an error whose message is no text": () => {
    throw Object.assign(new Error("no"), { message: hostile });
  },
  "rejects at once": () => Promise.reject(new Error("no")),
  "rejects later": async () => {
    await sleep(1);
    throw new Error("no");
  },
  "rejects after its deadline": async () => {
    await sleep(30);
    throw new Error("no");
  },
  "rejects with something that nobody can read": () => Promise.reject(hostile),
  hangs: () => new Promise(() => undefined),
  "returns something that nobody can read": () => hostile,
  "returns a thenable whose getter throws": () => ({
    get then(): unknown {
      return trap();
    },
  }),
  "returns a thenable that throws": () => ({ then: trap }),
  "returns a thenable that settles twice and then throws": () => ({
    then(resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
      resolve(undefined);
      reject(new Error("no"));
      trap();
    },
  }),
  "rejects a promise whose then was replaced": () =>
    Object.defineProperty(Promise.reject(new Error("no")), "then", { value: () => undefined }),
  "returns a promise whose constructor throws": () =>
    Object.defineProperty(Promise.resolve(), "constructor", { get: trap }),
};
/* biome-ignore-end lint/suspicious/noThenProperty: see above */

const cases = Object.keys(hookPoints).flatMap((hook) =>
  Object.entries(misdeeds).map(([how, act]) => [hook as HookName, how, act] as const),
);

test.each(cases)("at %s, a handler that %s changes nothing", async (hook, _how, act) => {
  const record = recordOfEachHook()[hook];
  const failures: unknown[] = [];
  const engine = new HookEngine({ report: ({ type }) => failures.push(type) });
  const called: string[] = [];
  engine.on<HookName>(hook, act as HookHandler<HookName>, { timeoutMs: 20, priority: 1 });
  engine.on<HookName>(hook, () => {
    called.push("next");
  });
  const verdict = engine.dispatch(record);
  expect(verdict instanceof Promise ? await verdict : verdict).toBeUndefined();
  await engine.settled(1000);
  expect(called).toEqual(["next"]);
  expect(failures.length).toBeLessThanOrEqual(1);
});

test("a payload that cannot be built calls nobody, throws nothing and is said once", () => {
  const errors: string[] = [];
  const quiet = (): void => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: (m: string) => errors.push(m) };
  const engine = new HookEngine({ log });
  const called: unknown[] = [];
  engine.on("session:patch", (payload) => called.push(payload));
  const record = Object.defineProperty({ ...recordOfEachHook()["session:patch"] }, "changes", {
    get: trap,
  });
  expect(engine.dispatch(record)).toBeUndefined();
  expect(engine.dispatch(record)).toBeUndefined();
  expect(called).toEqual([]);
  expect(errors).toEqual(["hook session:patch was not called: trap; said once"]);
});
