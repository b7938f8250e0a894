import { setTimeout as sleep } from "node:timers/promises";
import { SpanStatusCode } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { HookEngine } from "../../src/hooks/engine.ts";
import { startTestTelemetry } from "../support/telemetry.ts";

const SLOW_MS = 150;

test("a hook that took long is a span under its turn; one that answers at once is none", async () => {
  const hooks = new HookEngine();
  await using telemetry = startTestTelemetry({ hooks });
  const slow = async (): Promise<void> => void (await sleep(SLOW_MS));
  hooks.on("beforeTurn", slow, { name: "slow guard" });
  hooks.on("beforeTurn", () => undefined, { name: "quick guard" });
  using session = telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" });
  await session.turn({}, () => "done");
  const turn = telemetry.span("invoke_agent a");
  const spans = telemetry.spans().filter(({ name }) => name.startsWith("hook "));
  expect(spans).toHaveLength(1);
  const [span] = spans;
  expect([span?.name, span?.parentSpanContext?.spanId, span?.spanContext().traceId]).toEqual([
    "hook beforeTurn",
    turn.spanContext().spanId,
    turn.spanContext().traceId,
  ]);
  expect(span?.attributes).toMatchObject({
    "turnspan.kind": "hook",
    "turnspan.hook.name": "beforeTurn",
    "turnspan.hook.entry": "slow guard",
    "session.id": "k",
  });
  const [seconds = 0, nanoseconds = 0] = span?.duration ?? [];
  expect(seconds * 1000 + nanoseconds / 1e6).toBeGreaterThanOrEqual(SLOW_MS - 10);
});

test("a hook that fails late has a span with its error, an event on the turn, and a point", async () => {
  const hooks = new HookEngine();
  await using telemetry = startTestTelemetry({ hooks });
  hooks.on("afterTurn", async () => {
    await sleep(SLOW_MS);
    throw new RangeError("too late");
  });
  hooks.on(
    "beforeTurn",
    async () => {
      await sleep(SLOW_MS);
      throw new RangeError("too slow");
    },
    { name: "guard" },
  );
  using session = telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" });
  await session.turn({}, () => "done");
  await hooks.settled(60_000);
  const spans = telemetry.spans().filter(({ name }) => name.startsWith("hook "));
  expect(spans.map(({ name, status }) => [name, status])).toEqual([
    ["hook beforeTurn", { code: SpanStatusCode.ERROR, message: "too slow" }],
    ["hook afterTurn", { code: SpanStatusCode.ERROR, message: "too late" }],
  ]);
  expect(spans.map(({ attributes }) => attributes["error.type"])).toEqual([
    "RangeError",
    "RangeError",
  ]);
  expect(telemetry.span("invoke_agent a").events.map(({ name }) => name)).toContain(
    "turnspan.hook.failure",
  );
  const points = await telemetry.points("turnspan.hook.duration");
  expect(points.map(({ attributes }) => attributes["turnspan.hook.name"]).sort()).toEqual([
    "afterTurn",
    "beforeTurn",
  ]);
});

test("a hook of a session stands under the session's span", async () => {
  const hooks = new HookEngine();
  await using telemetry = startTestTelemetry({ hooks });
  hooks.on("session:start", async () => void (await sleep(SLOW_MS)));
  const session = telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" });
  await hooks.settled(60_000);
  session.end();
  const span = telemetry.span("hook session:start");
  expect(span.parentSpanContext?.spanId).toBe(telemetry.span("session a").spanContext().spanId);
});
