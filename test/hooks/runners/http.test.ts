import { expect, test } from "vitest";
import type { HooksConfigInput } from "../../../src/hooks/config/schema.ts";
import { DeliveryQueue } from "../../../src/hooks/outbox/delivery-queue.ts";
import { DeliveryError, RETRY_DELAYS_MS } from "../../../src/hooks/outbox/outbox.ts";
import { startTestTelemetry } from "../../support/telemetry.ts";
import { type ConfiguredOptions, createTestLog, startConfigured } from "../configured.ts";
import { createManualClock } from "./manual-clock.ts";
import { until } from "./processes.ts";
import { createVerifier, makeSecret, type ReceiverReply, startReceiver } from "./receiver.ts";

type Entries = NonNullable<NonNullable<HooksConfigInput["hooks"]>["afterTurn"]>;

const secret = makeSecret("one");
const open = { sessionKey: "web:42", sessionId: "s-1", agentId: "support" } as const;

function start(target: string, hooks: HooksConfigInput["hooks"], options: ConfiguredOptions = {}) {
  return startConfigured({ hooks, http: { allow: [target] } }, options);
}

test("an event is posted with its ids, its trace and a signature that the reference library accepts", async () => {
  await using receiver = await startReceiver();
  const headers = { Authorization: { env: "TOKEN" }, "X-Team": "blue" };
  const entry = { url: receiver.url, secret, headers };
  using hooks = await start(
    receiver.target,
    { afterTurn: [entry] },
    { env: { TOKEN: "Bearer t" } },
  );
  using session = hooks.turnspan.openSession({ ...open, metadata: { workflowId: "w-7" } });
  await session.turn({ message: "my secret wish" }, (turn) => {
    turn.reply("my secret answer");
  });
  await hooks.settled();
  expect(hooks.findings).toEqual([]);
  expect(receiver.received).toHaveLength(1);
  const [request] = receiver.received;
  expect(request?.headers).toMatchObject({
    "content-type": "application/json",
    authorization: "Bearer t",
    "x-team": "blue",
    "webhook-id": expect.stringMatching(/^msg_[0-9a-f]{32}$/),
    "webhook-timestamp": expect.stringMatching(/^\d{10}$/),
  });
  expect(createVerifier(secret)(request ?? { headers: {}, body: "" })).toBe(true);
  const event = JSON.parse(request?.body ?? "");
  expect(event).toMatchObject({
    hookPoint: "afterTurn",
    sessionKey: "web:42",
    agentId: "support",
    turnIndex: 0,
    id: expect.stringMatching(/-run\.end-\d+$/),
  });
  expect(request?.body).not.toContain("my secret");
});

test("a request carries the trace of the turn it tells of", async () => {
  await using receiver = await startReceiver();
  using hooks = await start(receiver.target, { afterTurn: [{ url: receiver.url }] });
  await using telemetry = startTestTelemetry({ hooks: hooks.engine });
  using session = telemetry.turnspan.openSession(open);
  await session.turn({}, () => "done");
  await hooks.settled();
  const { traceId, spanId } = telemetry.span("invoke_agent support").spanContext();
  expect(receiver.received[0]?.headers["traceparent"]).toBe(`00-${traceId}-${spanId}-01`);
});

test.each([
  [false, undefined],
  [true, "my wish"],
])("what users wrote goes out only with content: %s", async (content, message) => {
  await using receiver = await startReceiver();
  using hooks = await start(receiver.target, {
    beforeTurn: [{ url: receiver.url, content }],
    "session:end": [{ url: receiver.url, content }],
    onMessageReceived: [{ url: receiver.url, content }],
  });
  {
    using session = hooks.turnspan.openSession(open);
    session.messageReceived({ content: "my wish" });
    await session.turn({ message: "my wish" }, (turn) => turn.reply("my wish"));
  }
  await hooks.settled();
  const texts = receiver.received.map(({ body }) => JSON.parse(body));
  const find = (hook: string) => texts.find(({ hookPoint }) => hookPoint === hook);
  expect(find("beforeTurn").message).toBe(message);
  expect(find("onMessageReceived").content).toBe(message);
  expect(find("session:end").context.lastMessage).toBe(message);
});

test("secrets in an event are taken out before it leaves", async () => {
  await using receiver = await startReceiver();
  const content = `the key is sk-ant-${"a1B2".repeat(8)}`;
  using hooks = await start(receiver.target, {
    onMessageReceived: [{ url: receiver.url, content: true }],
  });
  using session = hooks.turnspan.openSession(open);
  session.messageReceived({ content });
  await hooks.settled();
  expect(receiver.received[0]?.body).toContain("the key is [redacted]");
});

test.each([
  ['{"abort": true, "reason": "no budget"}', "no budget"],
  ['{"decision": "block", "reason": "not now"}', "not now"],
  ['{"abort": true}', "aborted by hook"],
  ['{"abort": false}', "ran"],
  ["{}", "ran"],
  ["", "ran"],
])("a guard is asked once, and its answer %s is heeded", async (body, expected) => {
  await using receiver = await startReceiver(() => ({ body }));
  using hooks = await start(receiver.target, { beforeTurn: [{ url: receiver.url, secret }] });
  using session = hooks.turnspan.openSession(open);
  expect(await session.turn({ onBlocked: ({ reason }) => reason }, () => "ran")).toBe(expected);
  expect(receiver.received).toHaveLength(1);
  expect(hooks.findings.filter(({ type }) => type === "hook.failure")).toEqual([]);
});

test.each<[string, ReceiverReply, string]>([
  ["400", { status: 400 }, "the receiver answered with status 400"],
  ["500", { status: 500 }, "the receiver answered with status 500"],
  [
    "a redirect",
    { status: 302, headers: { location: "/" } },
    "the receiver answered with status 302",
  ],
  ["no JSON", { body: "abort!" }, "is not valid JSON"],
  ["a list", { body: "[1]" }, "the answer is no JSON object"],
  ["a wrong abort", { body: '{"abort": "yes"}' }, "abort is neither true nor false"],
  ["too much", { body: " ".repeat(70_000) }, "the reply is longer than 65536 bytes"],
])(
  "a guard that answers with %s fails, is not asked again, and stops the turn only if closed",
  async (_what, reply, error) => {
    await using receiver = await startReceiver(() => reply);
    const entry = { url: receiver.url };
    using hooks = await start(receiver.target, {
      beforeTurn: [entry, { ...entry, onFailure: "closed", name: "strict" }],
    });
    using session = hooks.turnspan.openSession(open);
    const outcome = await session.turn({ onBlocked: ({ reason }) => reason }, () => "ran");
    expect(outcome).toContain(error);
    expect(outcome).toContain('hook "strict" failed');
    expect(receiver.received).toHaveLength(2);
  },
);

const chats: readonly [Entries[number]["format"], object, string][] = [
  ["slack", { text: "support: turn failed (RangeError): too &lt;long&gt;" }, "/hook"],
  [
    "discord",
    {
      content: "support: turn failed \\(RangeError\\): too \\<long\\>",
      allowed_mentions: { parse: [] },
    },
    "/hook",
  ],
  ["telegram", { chat_id: 7, text: "support: turn failed (RangeError): too <long>" }, "/hook"],
  ["ntfy", { topic: "hook", message: "support: turn failed (RangeError): too <long>" }, "/"],
];

test.each(chats)("a failed turn is told to %s in its own form", async (format, body, path) => {
  await using receiver = await startReceiver();
  const chatId = format === "telegram" ? { chatId: 7 } : {};
  using hooks = await start(receiver.target, {
    onTurnError: [{ url: receiver.url, ...(format && { format }), ...chatId }],
  });
  using session = hooks.turnspan.openSession(open);
  await session.turn({}, () => Promise.reject(new RangeError("too <long>"))).catch(() => undefined);
  await hooks.settled();
  expect(hooks.findings).toEqual([]);
  expect(receiver.received.map((request) => [request.path, JSON.parse(request.body)])).toEqual([
    [path, body],
  ]);
});

test("a failed turn is told to teams as a card, with the entry's own text", async () => {
  await using receiver = await startReceiver();
  using hooks = await start(receiver.target, {
    onTurnError: [{ url: receiver.url, format: "teams", message: "**{{agentId}}** failed" }],
  });
  using session = hooks.turnspan.openSession({ ...open, agentId: "a_b" });
  await session.turn({}, () => Promise.reject(new Error("x"))).catch(() => undefined);
  await hooks.settled();
  const [request] = receiver.received;
  expect(JSON.parse(request?.body ?? "").attachments[0].content.body).toEqual([
    { type: "TextBlock", text: "**a\\_b** failed", wrap: true },
  ]);
});

/** A config whose outbox runs on a clock that stands still. */
async function startOnClock(reply: () => ReceiverReply) {
  const clock = createManualClock();
  const receiver = await startReceiver(reply);
  const outbox = new DeliveryQueue({ log: createTestLog(), now: clock.now, later: clock.later });
  const times: number[] = [];
  const hooks = await start(
    receiver.target,
    { afterTurn: [{ url: receiver.url, secret, name: "sink" }] },
    { outbox, now: clock.now },
  );
  const arrived = async (count: number): Promise<void> => {
    await until(() => receiver.received.length >= count, 60_000);
    // The reply has yet to arrive, and the next attempt to be arranged.
    await hooks.settled();
  };
  return { clock, receiver, hooks, times, arrived };
}

test("what is not delivered is tried again on the published schedule, under the same id", async () => {
  const { clock, receiver, hooks, arrived } = await startOnClock(() => ({ status: 503 }));
  await using _receiver = receiver;
  using _hooks = hooks;
  using session = hooks.turnspan.openSession(open);
  const began = clock.now();
  await session.turn({}, () => "done");
  await arrived(1);
  expect(hooks.findings).toMatchObject([
    { type: "hook.failure", error: "the receiver answered with status 503" },
  ]);
  let expected = 1;
  await clock.advance(100 * 3600_000, () => arrived(++expected));
  const times = receiver.received.map(({ headers }) => Number(headers["webhook-timestamp"]));
  const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  expect(waits).toEqual(RETRY_DELAYS_MS.map((ms) => ms / 1000));
  expect((times.at(-1) ?? 0) - began / 1000).toBe(75 * 3600 + 35 * 60 + 5);
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
  expect(clock.waiting()).toBe(0);
});

test("after an hour without a receiver everything arrives, each once, signed anew", async () => {
  let isDown = true;
  const { clock, receiver, hooks, arrived } = await startOnClock(() => ({
    status: isDown ? 503 : 200,
  }));
  await using _receiver = receiver;
  using _hooks = hooks;
  const TURNS = 20;
  for (let turn = 0; turn < TURNS; turn += 1) {
    using session = hooks.turnspan.openSession({ ...open, sessionKey: `web:${turn}` });
    await session.turn({}, () => "done");
  }
  await arrived(TURNS);
  let expected = TURNS;
  await clock.advance(30 * 60_000, () => arrived(++expected));
  isDown = false;
  const before = receiver.received.length;
  await clock.advance(30 * 60_000, () => arrived(++expected));
  const delivered = receiver.received.slice(before);
  expect(new Set(delivered.map(({ headers }) => headers["webhook-id"])).size).toBe(TURNS);
  expect(delivered).toHaveLength(TURNS);
  expect(clock.waiting()).toBe(0);
  const late = delivered.map(({ headers }) => Number(headers["webhook-timestamp"]) * 1000);
  expect(Math.min(...late)).toBeGreaterThan(clock.now() - 30 * 60_000);
});

test("a receiver that asks for time gets it", async () => {
  const { clock, receiver, hooks, arrived } = await startOnClock(() => ({
    status: 429,
    headers: { "retry-after": "120" },
  }));
  await using _receiver = receiver;
  using _hooks = hooks;
  using session = hooks.turnspan.openSession(open);
  await session.turn({}, () => "done");
  await arrived(1);
  await clock.advance(119_000, () => arrived(2));
  expect(receiver.received).toHaveLength(1);
  await clock.advance(1000, () => arrived(2));
  expect(receiver.received).toHaveLength(2);
});

test("a receiver that is gone (410) is sent nothing more", async () => {
  const { clock, receiver, hooks, arrived } = await startOnClock(() => ({ status: 410 }));
  await using _receiver = receiver;
  using _hooks = hooks;
  using session = hooks.turnspan.openSession(open);
  await session.turn({}, () => "done");
  await arrived(1);
  expect(clock.waiting()).toBe(0);
  await session.turn({}, () => "done");
  await hooks.settled();
  expect(receiver.received).toHaveLength(1);
});

test("past its bound an outbox gives up what waits longest, and says so", async () => {
  const clock = createManualClock();
  const log = createTestLog();
  const outbox = new DeliveryQueue({ log, now: clock.now, later: clock.later, maxWaiting: 2 });
  outbox.register("sink", () => Promise.reject(new Error("down")));
  for (const id of ["a", "b", "c"]) {
    await expect(outbox.post({ id, destination: "sink", body: "" })).rejects.toThrow("down");
  }
  expect(clock.waiting()).toBe(2);
  expect(log.lines).toEqual(['warn hook "sink": message a made room for later ones and is lost']);
});

test("a variable that is not set fails by its name, and no request is made", async () => {
  await using receiver = await startReceiver();
  using hooks = await start(receiver.target, {
    afterTurn: [{ url: receiver.url, secret: { env: "HOOK_SECRET" } }],
  });
  using session = hooks.turnspan.openSession(open);
  await session.turn({}, () => "done");
  await hooks.settled();
  expect(hooks.findings).toMatchObject([
    { error: "the environment variable HOOK_SECRET is not set" },
  ]);
  expect(receiver.received).toEqual([]);
});

test("a header from the environment cannot add another one", async () => {
  await using receiver = await startReceiver();
  const entry = { url: receiver.url, headers: { "x-team": { env: "TEAM" } } };
  const env = { TEAM: "blue\r\nx-admin: yes" };
  using hooks = await start(receiver.target, { afterTurn: [entry] }, { env });
  using session = hooks.turnspan.openSession(open);
  await session.turn({}, () => "done");
  await hooks.settled();
  expect(hooks.findings).toMatchObject([{ error: expect.stringContaining("Invalid character") }]);
  expect(receiver.received).toEqual([]);
});

test("a receiver that asks for a month waits a day, and not no time at all", async () => {
  const clock = createManualClock();
  const outbox = new DeliveryQueue({ log: createTestLog(), now: clock.now, later: clock.later });
  let attempts = 0;
  outbox.register("sink", async () => {
    attempts += 1;
    throw new DeliveryError("later", { notBefore: clock.now() + 40 * 24 * 3600_000 });
  });
  await outbox.post({ id: "a", destination: "sink", body: "" }).catch(() => undefined);
  await clock.advance(24 * 3600_000 - 1, async () => undefined);
  expect(attempts).toBe(1);
  await clock.advance(1, async () => undefined);
  expect(attempts).toBe(2);
});
