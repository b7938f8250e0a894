import { expect, test } from "vitest";
import { createTurnspan, type Turnspan } from "../../src/turnspan.ts";
import { startTestTelemetry } from "../support/telemetry.ts";

const support = { sessionKey: "web:42", sessionId: "s-42", agentId: "support" } as const;

const recordNames = (telemetry: ReturnType<typeof startTestTelemetry>) =>
  telemetry.records().map(({ eventName }) => eventName);

const eventNames = (telemetry: ReturnType<typeof startTestTelemetry>, span: string) =>
  telemetry.span(span).events.map(({ name }) => name);

for (const spans of ["live", "deferred"] as const) {
  test(`a session ended in beforeTurn ends its turn's span too, after its start (${spans})`, async () => {
    await using telemetry = startTestTelemetry({ spans });
    const session = telemetry.turnspan.openSession(support);
    telemetry.turnspan.hooks.on("beforeTurn", () => session.end("enough"));
    await session.turn({}, () => undefined);
    expect(telemetry.span("invoke_agent support").attributes["turnspan.turn.outcome"]).toBe(
      "cancelled",
    );
    expect(telemetry.span("session support").attributes["turnspan.session.end_reason"]).toBe(
      "enough",
    );
    expect(recordNames(telemetry)).toEqual([
      "session.start",
      "turnspan.turn.start",
      "turnspan.turn.end",
      "session.end",
    ]);
  });

  test(`everything closed in session:start is closed (${spans})`, async () => {
    await using telemetry = startTestTelemetry({ spans });
    telemetry.turnspan.hooks.on("session:start", () => telemetry.turnspan.close("no"));
    telemetry.turnspan.openSession(support);
    expect(telemetry.span("session support").attributes["turnspan.session.end_reason"]).toBe("no");
    expect(recordNames(telemetry)).toEqual(["session.start", "session.end"]);
  });

  test(`patches made in beforeTurn and session:start are events of the spans that start (${spans})`, async () => {
    await using telemetry = startTestTelemetry({ spans });
    const { turnspan } = telemetry;
    const patch = (model: string) =>
      turnspan.observe({
        type: "session.patch",
        time: Date.now(),
        sessionKey: support.sessionKey,
        patch: { model },
      });
    turnspan.hooks.on("session:start", () => patch("big"));
    turnspan.hooks.on("beforeTurn", () => void patch("small"));
    {
      using session = turnspan.openSession(support);
      await session.turn({}, () => undefined);
    }
    expect(eventNames(telemetry, "session support")).toEqual([
      "turnspan.session.patch",
      "turnspan.session.patch",
    ]);
    expect(eventNames(telemetry, "invoke_agent support")).toEqual(["turnspan.session.patch"]);
    expect(recordNames(telemetry)).toEqual([
      "session.start",
      "turnspan.session.patch",
      "turnspan.turn.start",
      "turnspan.session.patch",
      "turnspan.turn.end",
      "session.end",
    ]);
  });

  test(`a patch right before the end, both in one hook, stands on the turn it was made in (${spans})`, async () => {
    await using telemetry = startTestTelemetry({ spans });
    const session = telemetry.turnspan.openSession(support);
    telemetry.turnspan.hooks.on("beforeTurn", () => {
      session.patch({ model: "small" });
      session.end();
    });
    await session.turn({}, () => undefined);
    expect(eventNames(telemetry, "invoke_agent support")).toEqual(["turnspan.session.patch"]);
    expect(eventNames(telemetry, "session support")).toEqual(["turnspan.session.patch"]);
  });
}

test("what a hook tells comes after all records of the event it heard of, and after all handlers", async () => {
  await using telemetry = startTestTelemetry();
  const called: string[] = [];
  const other = telemetry.turnspan.openSession({ sessionKey: "other" });
  const { hooks } = telemetry.turnspan;
  hooks.on("afterTurn", () => other.patch({ model: "small" }));
  hooks.on("afterTurn", () => called.push("second handler"));
  hooks.on("session:end", () => called.push("session:end"));
  hooks.on("session:patch", () => called.push("session:patch"));
  const session = telemetry.turnspan.openSession({ ...support, endsWith: "turn" });
  await session.turn({}, () => undefined);
  expect(called).toEqual(["second handler", "session:end", "session:patch"]);
  expect(recordNames(telemetry).slice(-3)).toEqual([
    "turnspan.turn.end",
    "session.end",
    "turnspan.session.patch",
  ]);
});

test("a hook that patches in answer to patches is heard to depth 3, and all it did is recorded", async () => {
  await using telemetry = startTestTelemetry();
  const session = telemetry.turnspan.openSession(support);
  let calls = 0;
  telemetry.turnspan.hooks.on("session:patch", () => {
    calls += 1;
    session.patch({ label: `label ${calls}` });
  });
  session.patch({ label: "label 0" });
  expect(calls).toBe(3);
  const patches = recordNames(telemetry).filter((name) => name === "turnspan.session.patch");
  expect(patches).toHaveLength(4);
  const dropped = await telemetry.points("turnspan.telemetry.dropped");
  expect(dropped.map(({ attributes, value }) => [attributes, value])).toEqual([
    [{ "turnspan.signal": "hooks", "turnspan.reason": "hook_depth" }, 1],
  ]);
});

test("a turn that a hook starts has its guards asked and its body inside its span", async () => {
  await using telemetry = startTestTelemetry();
  const { turnspan } = telemetry;
  const done: Promise<unknown>[] = [];
  using _block = turnspan.hooks.on("beforeTurn", ({ message }) =>
    message === "blocked" ? { abort: true } : undefined,
  );
  turnspan.hooks.on("onMessageReceived", () => {
    const inner = turnspan.openSession({ sessionKey: "inner", agentId: "inner" });
    done.push(
      inner.turn({}, (turn) => turn.modelCall({ model: "m" }, () => turn.traceparent)),
      inner.turn({ message: "blocked", onBlocked: () => "stopped" }, () => "ran"),
    );
  });
  using session = turnspan.openSession(support);
  session.messageReceived({ messageId: "m-1" });
  const [traceparent, blocked] = await Promise.all(done);
  expect(blocked).toBe("stopped");
  const [turn] = telemetry.spans().filter(({ name }) => name === "invoke_agent inner");
  const chat = telemetry.span("chat m");
  expect(chat.spanContext().traceId).toBe(String(traceparent).split("-")[1]);
  expect(turn).toBeDefined();
});

test("close ends what handlers of its ends open, and does not go on for ever", async () => {
  await using telemetry = startTestTelemetry();
  const { turnspan } = telemetry;
  turnspan.openSession(support);
  let opened = 0;
  turnspan.hooks.on("session:end", () => {
    opened += 1;
    turnspan.openSession({ sessionKey: `again ${opened}`, agentId: "again" });
  });
  turnspan.close();
  const names = recordNames(telemetry);
  expect(opened).toBeGreaterThan(1);
  expect(opened).toBeLessThan(10);
  expect(names.filter((name) => name === "session.end")).toHaveLength(opened + 1);
  expect(names.filter((name) => name === "session.start")).toHaveLength(opened + 1);
  // Hooks hear of what comes after.
  const atClose = opened;
  turnspan.openSession({ sessionKey: "later", agentId: "later" }).end();
  expect(opened).toBe(atClose + 1);
});

test("a receiver that answers each record with an event is cut off, and the host goes on", async () => {
  let told = 0;
  let turnspan: Turnspan | undefined;
  turnspan = createTurnspan({
    onRecord: () => {
      told += 1;
      turnspan?.observe({
        type: "message.received",
        time: Date.now(),
        sessionKey: support.sessionKey,
      });
    },
  });
  using session = turnspan.openSession(support);
  await expect(session.turn({}, () => 7)).resolves.toBe(7);
  expect(told).toBeGreaterThan(10);
  expect(told).toBeLessThan(1000);
});
