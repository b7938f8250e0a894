import { expect, test } from "vitest";
import { CallbackTokens } from "../../../src/hooks/runners/send/callback-tokens.ts";
import type { OutgoingMessage } from "../../../src/hooks/runners/send/outlet.ts";
import { startConfigured } from "../configured.ts";
import { startReceiver } from "./receiver.ts";

const HOUR_MS = 3600_000;
const open = { sessionKey: "web:42", sessionId: "0123456789ab", agentId: "main" } as const;

function createChannel(maxCallbackBytes: number) {
  const sent: OutgoingMessage[] = [];
  return {
    maxCallbackBytes,
    sent,
    send: async (message: OutgoingMessage) => void sent.push(message),
  };
}

const stopButton = (data: string) => [[{ text: "Stop", callback_data: data }]];

test("every template name is filled in; what is absent is an empty text", async () => {
  const channel = createChannel(64);
  const message = "{{sessionId}}|{{ sessionKey }}|{{runId}}|{{agentId}}|{{agentName}}|{{label}}";
  using hooks = await startConfigured(
    {
      hooks: { onSubagentSpawned: [{ send: { message } }], onMessageSent: [{ send: { message } }] },
    },
    { channel },
  );
  using session = hooks.turnspan.openSession(open);
  session.messageSent({});
  const child = { agentId: "writer", agentName: "Writer", label: "draft", runId: "r-9" };
  await session.turn({}, (turn) => turn.subagent(child, () => "done"));
  await hooks.settled();
  expect(channel.sent.map(({ text }) => text)).toEqual([
    "01234567|web:42||main|main|",
    "01234567|web:42|r-9|writer|Writer|draft",
  ]);
});

test.each([
  [64, "stop:", 59],
  [52, "stop:", 47],
])(
  "data that an outlet of %i bytes cannot carry become a token, which stands for them",
  async (bytes, prefix, fits) => {
    const channel = createChannel(bytes);
    using hooks = await startConfigured(
      {
        hooks: {
          onMessageReceived: [{ send: { buttons: stopButton(`${prefix}{{sessionKey}}`) } }],
        },
      },
      { channel },
    );
    for (const sessionKey of ["k".repeat(fits), "k".repeat(fits + 1), "é".repeat(fits - 10)]) {
      using session = hooks.turnspan.openSession({ ...open, sessionKey });
      session.messageReceived({});
    }
    await hooks.settled();
    const [whole = "", tooLong = "", tooManyBytes = ""] = channel.sent.map(
      ({ buttons }) => buttons[0]?.[0]?.callbackData,
    );
    expect(whole).toBe(`${prefix}${"k".repeat(fits)}`);
    for (const token of [tooLong, tooManyBytes]) expect(token).toMatch(/^ts:[\w-]{16}$/);
    const { tokens } = hooks.attached;
    expect(tokens.redeem(whole, "anybody")).toBe(whole);
    expect(tokens.redeem(tooLong, "somebody else")).toBeUndefined();
    expect(tokens.redeem(tooLong, "k".repeat(fits + 1))).toBe(`${prefix}${"k".repeat(fits + 1)}`);
    expect(tokens.redeem(tooLong, "k".repeat(fits + 1))).toBeUndefined();
  },
);

test("a token is good for a day", () => {
  let now = 0;
  const tokens = new CallbackTokens(() => now);
  const [early, late] = [
    tokens.shorten("a".repeat(65), "k", 64),
    tokens.shorten("b".repeat(65), "k", 64),
  ];
  now = 24 * HOUR_MS;
  expect(tokens.redeem(early, "k")).toBe("a".repeat(65));
  now += 1;
  expect(tokens.redeem(late, "k")).toBeUndefined();
  expect(tokens.redeem("ts:guessed", "k")).toBeUndefined();
});

test.each([
  ["the entry's own", { defaultMessage: "Busy with {{agentId}}" }, "For all", "Busy with main"],
  ["that of all messages", {}, "For all", "For all"],
  ["ours", {}, undefined, "Working…"],
])("buttons alone get a text: %s", async (_whose, own, forAll, expected) => {
  const channel = createChannel(64);
  const send = { buttons: stopButton("stop"), ...own };
  using hooks = await startConfigured(
    {
      hooks: { onMessageReceived: [{ send }] },
      ...(forAll === undefined ? {} : { send: { defaultMessage: forAll } }),
    },
    { channel },
  );
  using session = hooks.turnspan.openSession(open);
  session.messageReceived({});
  await hooks.settled();
  expect(channel.sent.map(({ text }) => text)).toEqual([expected]);
});

test("without a channel a message fails, and says what to set", async () => {
  using hooks = await startConfigured({ hooks: { onMessageSent: [{ send: { message: "x" } }] } });
  using session = hooks.turnspan.openSession(open);
  session.messageSent({});
  await hooks.settled();
  expect(hooks.findings).toMatchObject([
    { error: 'the host has no channel to send to; set "outlet" to "stdout" or to a url' },
  ]);
});

test("standard output gets the text and a line of buttons", async () => {
  using hooks = await startConfigured({
    hooks: {
      onMessageSent: [{ send: { message: "Done", buttons: stopButton("s"), outlet: "stdout" } }],
    },
  });
  using session = hooks.turnspan.openSession(open);
  session.messageSent({});
  await hooks.settled();
  expect(hooks.written).toEqual(["Done\n[Stop] s\n"]);
});

test.each([
  [
    "slack",
    {
      text: "<b> of &lt;x&gt;",
      blocks: [
        { type: "section", text: { type: "mrkdwn", text: "<b> of &lt;x&gt;" } },
        {
          type: "actions",
          elements: [
            {
              type: "button",
              text: { type: "plain_text", text: "Stop" },
              value: "stop:<x>",
              action_id: "turnspan_0",
            },
          ],
        },
      ],
    },
  ],
  [
    "telegram",
    {
      chat_id: "@ops",
      text: "<b> of <x>",
      reply_markup: { inline_keyboard: [[{ text: "Stop", callback_data: "stop:<x>" }]] },
    },
  ],
  ["json", { text: "<b> of <x>", buttons: [[{ text: "Stop", callback_data: "stop:<x>" }]] }],
] as const)("a message with buttons goes to a receiver of the form %s", async (format, body) => {
  await using receiver = await startReceiver();
  const chatId = format === "telegram" ? { chatId: "@ops" } : {};
  const outlet = { url: receiver.url, format, ...chatId };
  const send = { message: "<b> of {{agentId}}", buttons: stopButton("stop:{{agentId}}"), outlet };
  using hooks = await startConfigured({
    hooks: { onMessageSent: [{ send }] },
    http: { allow: [receiver.target] },
  });
  using session = hooks.turnspan.openSession({ ...open, agentId: "<x>" });
  session.messageSent({});
  await hooks.settled();
  expect(hooks.findings).toEqual([]);
  expect(receiver.received.map((request) => JSON.parse(request.body))).toEqual([body]);
});
