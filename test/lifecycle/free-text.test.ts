import { expect, test } from "vitest";
import { jsonText } from "../../src/base/json-text.ts";
import { startTestTelemetry } from "../support/telemetry.ts";

const SECRET = "sk-ant-abcdefghijklmnopqrstuv";
const secretly = (word: string): string => `${word} ${SECRET} ${"x".repeat(200_000)}`;

/** Everything that goes out, as text. */
const everything = (telemetry: ReturnType<typeof startTestTelemetry>): string[] => {
  const spans = telemetry
    .spans()
    .flatMap(({ attributes, status, events }) => [
      status.message ?? "",
      ...Object.values(attributes),
      ...events.flatMap((event) => Object.values(event.attributes ?? {})),
    ]);
  const records = telemetry.records().flatMap(({ attributes }) => Object.values(attributes));
  return [...spans, ...records].flat().map(String);
};

test("no free text leaves with a secret in it, or without end", async () => {
  await using telemetry = startTestTelemetry();
  const { turnspan } = telemetry;
  const broken = turnspan.hooks.on("afterTurn", () => {
    throw new Error(secretly("hook failed"));
  });
  using blocking = turnspan.hooks.on("beforeTurn", ({ message }) =>
    message === "no" ? { abort: true, reason: secretly("blocked") } : undefined,
  );
  const session = turnspan.openSession({
    sessionKey: "k",
    agentId: "a",
    branch: secretly("branch"),
    metadata: { note: `note ${SECRET}` },
  });
  session.messageSent({ messageId: "m", channel: secretly("channel"), error: secretly("sent") });
  session.patch(
    { model: secretly("model"), [secretly("field")]: 1 },
    {
      source: secretly("source"),
      actor: { kind: "operator", id: secretly("id"), evidence: secretly("evidence") },
    },
  );
  await session.turn({ trigger: secretly("trigger") }, async (turn) => {
    turn.attempt(2, { reason: secretly("attempt") });
    await turn.modelCall({ model: "m" }, (call) => {
      call.response({ stopReason: secretly("finished") });
    });
    await turn
      .toolCall({ name: "t" }, () => Promise.reject(new Error(secretly("tool"))))
      .catch(() => undefined);
    await turn.subagent({ agentId: "c", label: secretly("label") }, () => undefined);
  });
  await session.turn({ message: "no", onBlocked: () => undefined }, () => undefined);
  await session.turn({}, () => Promise.reject(new Error(secretly("turn")))).catch(() => undefined);
  session.end(secretly("ended"));
  void [broken, blocking];
  const texts = everything(telemetry);
  const of = (word: string) => texts.filter((text) => text.startsWith(`${word} [redacted] x`));
  const words = "hook failed,blocked,branch,channel,sent,model,field,source,id,evidence";
  for (const word of [
    ...words.split(","),
    ..."trigger,attempt,finished,tool,label,turn,ended".split(","),
  ]) {
    expect([word, of(word).length > 0]).toEqual([word, true]);
  }
  expect(texts).toContain('{"note":"note [redacted]"}');
  expect(texts.filter((text) => text.includes("sk-ant"))).toEqual([]);
  expect(Math.max(...texts.map(({ length }) => length))).toBeLessThanOrEqual(1001);
});

test("ids and names are never redacted: nothing would find them again", async () => {
  await using telemetry = startTestTelemetry();
  const sessionKey = "telegram:123456789:AAF-abcdefghijklmnopqrstuvwxyz012345";
  const session = telemetry.turnspan.openSession({ sessionKey, agentId: "a" });
  await session.turn({ runId: `run-${SECRET}` }, () => undefined);
  session.end();
  expect(telemetry.span("invoke_agent a").attributes).toMatchObject({
    "session.id": sessionKey,
    "turnspan.session.key": sessionKey,
    "turnspan.run.id": `run-${SECRET}`,
  });
});

test("errors, settings and metadata of any shape make a record", async () => {
  await using telemetry = startTestTelemetry();
  const circular: Record<string, unknown> = { count: 10n };
  circular["self"] = circular;
  const unreadable = {
    get value() {
      throw new Error("trap");
    },
  };
  const { turnspan } = telemetry;
  const session = turnspan.openSession({ sessionKey: "k", agentId: "a", metadata: { circular } });
  session.patch({ model: circular, label: 12n, effort: unreadable });
  session.messageSent({ error: new Error("not a string") as never });
  turnspan.observe({ type: "run.start", time: Date.now(), sessionKey: "k", runId: "r" });
  turnspan.observe({
    type: "run.end",
    time: Date.now(),
    runId: "r",
    outcome: "failed",
    error: { code: 7 } as never,
  });
  session.end();
  const byName = Object.fromEntries(
    telemetry.records().map(({ eventName, attributes }) => [eventName, attributes]),
  );
  expect(byName["session.start"]?.["turnspan.session.metadata"]).toBe(
    '{"circular":{"count":"10","self":"[circular]"}}',
  );
  expect(byName["turnspan.session.patch"]).toMatchObject({
    "turnspan.patch.model.after": '{"count":"10","self":"[circular]"}',
    "turnspan.patch.label.after": "12",
    "turnspan.patch.effort.after": '"[unreadable]"',
  });
  expect(byName["turnspan.message.sent"]?.["turnspan.error.message"]).toBe("not a string");
  expect(byName["turnspan.turn.end"]?.["turnspan.error.message"]).toBe('{"code":7}');
  expect(byName["session.end"]).toBeDefined();
});

test("a value met twice is not one that refers to itself", () => {
  const shared = { a: 1n };
  expect(jsonText({ one: shared, two: [shared, { three: shared }] })).toBe(
    '{"one":{"a":"1"},"two":[{"a":"1"},{"three":{"a":"1"}}]}',
  );
  expect([jsonText(undefined), jsonText(() => 1), jsonText("x")]).toEqual(["", "", '"x"']);
});
