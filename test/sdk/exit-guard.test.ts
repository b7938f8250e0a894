import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { type ExitTasks, installExitGuard } from "../../src/sdk/exit-guard.ts";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { environment, root } from "../support/run-example.ts";
import { runProcess } from "../support/run-process.ts";

const options = { signals: true, uncaughtException: true, timeoutMs: 1800 };
const GUARDED = ["beforeExit", "SIGTERM", "SIGINT", "uncaughtException"] as const;

/** A process that can be sent signals, and tasks that note what was asked of them. */
function createHost() {
  const done: string[] = [];
  const emitter = new EventEmitter();
  const host = Object.assign(emitter, {
    pid: 42,
    kill: (pid: number, signal?: string | number): true => {
      done.push(`kill ${pid} ${signal}`);
      return true;
    },
  }) as unknown as NonNullable<Parameters<typeof installExitGuard>[2]>;
  const tasks: ExitTasks = {
    finish: async (reason, timeoutMs) => void done.push(`finish ${reason} ${timeoutMs}`),
    settle: async (reason, timeoutMs) => void done.push(`settle ${reason} ${timeoutMs}`),
    flush: async (timeoutMs) => done.push(`flush ${timeoutMs}`),
  };
  const send = async (event: string): Promise<void> => {
    emitter.emit(event);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const counts = (): number[] => GUARDED.map((event) => emitter.listenerCount(event));
  return { host, tasks, done, send, counts, emitter };
}

test("a signal ends what is open, and is raised again", async () => {
  const { host, tasks, done, send } = createHost();
  installExitGuard(tasks, options, host);
  await send("SIGTERM");
  expect(done).toEqual(["finish SIGTERM 1800", "kill 42 SIGTERM"]);
});

test("a second signal meets no handler: the process ends at once", async () => {
  const { host, tasks, send, emitter } = createHost();
  installExitGuard({ ...tasks, finish: () => new Promise(() => {}) }, options, host);
  await send("SIGINT");
  expect(emitter.listenerCount("SIGINT")).toBe(0);
});

test("a signal that the host handles is not touched, the other one is guarded", () => {
  const { host, tasks, counts, emitter } = createHost();
  emitter.on("SIGTERM", () => {});
  installExitGuard(tasks, options, host);
  expect(counts()).toEqual([1, 1, 1, 1]);
  expect(emitter.listeners("SIGTERM")).toHaveLength(1);
});

test("where the host puts its handler later, nothing is ended and nothing raised", async () => {
  const { host, tasks, done, send, emitter } = createHost();
  installExitGuard(tasks, options, host);
  emitter.on("SIGTERM", () => done.push("host"));
  await send("SIGTERM");
  expect(done).toEqual(["flush 1800", "host"]);
});

test("where the host puts its handler while we finish, nothing is raised", async () => {
  const { host, tasks, done, send, emitter } = createHost();
  const finish = async (): Promise<void> => void emitter.on("SIGTERM", () => {});
  installExitGuard({ ...tasks, finish }, options, host);
  await send("SIGTERM");
  expect(done).toEqual([]);
});

test("the natural end settles, each time that it comes", async () => {
  const { host, tasks, done, send } = createHost();
  installExitGuard(tasks, options, host);
  await send("beforeExit");
  await send("beforeExit");
  expect(done).toEqual(["settle exit 1800", "settle exit 1800"]);
});

test("an uncaught error that the host handles too is only flushed", async () => {
  const { host, tasks, done, send, emitter } = createHost();
  installExitGuard(tasks, options, host);
  emitter.on("uncaughtException", () => done.push("host"));
  await send("uncaughtException");
  expect(done).toEqual(["flush 1800", "host"]);
});

test("signals and uncaught errors are left alone where that is wished", () => {
  const { host, tasks, counts } = createHost();
  installExitGuard(tasks, { ...options, signals: false, uncaughtException: false }, host);
  expect(counts()).toEqual([1, 0, 0, 0]);
});

test("disposing removes every handler, and may be done twice", () => {
  const { host, tasks, counts } = createHost();
  const guard = installExitGuard(tasks, options, host);
  expect(counts()).toEqual([1, 1, 1, 1]);
  guard[Symbol.dispose]();
  guard[Symbol.dispose]();
  expect(counts()).toEqual([0, 0, 0, 0]);
});

test("tasks that fail, at once or later, change neither signal nor error", async () => {
  for (const fail of [
    () => Promise.reject(new Error("later")),
    () => {
      throw new Error("at once");
    },
  ]) {
    const { host, done, send } = createHost();
    installExitGuard({ finish: fail, settle: fail, flush: fail }, options, host);
    await send("beforeExit");
    await send("SIGTERM");
    expect(done).toEqual(["kill 42 SIGTERM"]);
  }
});

const CRASH = `
import { startTelemetry } from "turnspan/sdk";
const { turnspan } = await startTelemetry({ exitGuard: { uncaughtException: true } });
turnspan.openSession({ sessionKey: "k", agentId: "a" });
setTimeout(() => { throw new Error("the first"); }, 5);
setTimeout(() => { throw new Error("a later one"); }, 6);
Promise.reject(new Error("and a rejection")).catch((error) => setTimeout(() => Promise.reject(error), 7));
setInterval(() => {}, 1000);`;

test("errors that follow the first one neither cut the sending short nor hide the first", async () => {
  // So late that the other errors come while it is sent.
  const late = (response: ServerResponse): void => void setTimeout(() => response.end("{}"), 200);
  await using sink = await startOtlpSink({ answer: late });
  const args = ["--conditions=turnspan-source", "--input-type=module", "-e", CRASH];
  const env = { ...environment(sink.url), OTEL_METRICS_EXPORTER: "none" };
  const ended = await runProcess(process.execPath, args, { cwd: root, env });
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain("Error: the first");
  expect(ended.stderr).not.toMatch(/Error: (a later one|and a rejection)/);
  expect(sink.names("traces")).toEqual(["session a"]);
  expect(sink.names("logs")).toEqual(["session.start", "session.end"]);
});
