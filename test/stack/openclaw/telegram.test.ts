import { afterAll, beforeAll, expect, test } from "vitest";
import type { TurnList } from "../../../src/server/api-types.ts";
import {
  buttonsOf,
  type FakeTelegram,
  startFakeTelegram,
  type TelegramCall,
} from "../../support/openclaw/fake-telegram.ts";
import {
  MAIN,
  recordingHooks,
  type Scene,
  startScene,
  until,
} from "../../support/openclaw/scene.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const OWNER = 4242;
const STRANGER = 999;
/** Longer than a button's value may be. */
const LONG = "and-something-that-no-button-could-ever-carry-with-it";

let telegram: FakeTelegram;
let server: TestServer;
let scene: Scene;

beforeAll(async () => {
  telegram = await startFakeTelegram();
  server = await startTestServer();
  scene = await startScene((work) => ({
    channels: true,
    config: {
      channels: {
        telegram: {
          ...{ enabled: true, botToken: telegram.token, apiRoot: telegram.url },
          ...{ dmPolicy: "allowlist", allowFrom: [String(OWNER)] },
          capabilities: { inlineButtons: "all" },
        },
      },
      plugins: { allow: ["turnspan", "telegram"] },
    },
    turnspan: {
      telemetry: { endpoint: server.server.otlpUrl },
      hooks: recordingHooks(work),
      agents: {
        defaults: {
          hooks: {
            onSubagentSpawned: {
              send: {
                message: "{{agentName}} started {{label}}",
                buttons: [[{ text: "Stop", callback_data: "stop:{{runId}}" }]],
              },
            },
            onMessageReceived: {
              send: {
                buttons: [
                  [{ text: "Halt", callback_data: "stop:{{sessionKey}}" }],
                  [{ text: "Long", callback_data: `stop:{{sessionKey}}:${LONG}` }],
                ],
              },
            },
          },
        },
      },
    },
  }));
  await until("the bot", () => telegram.calls.some(({ method }) => method === "getMe"));
}, 900_000);

afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
  await telegram?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
}, 90_000);

const withButton = (text: string, from: number): Promise<TelegramCall> =>
  until(`a button ${text}`, () =>
    telegram.calls
      .slice(from)
      .find(
        (call) => call.result !== undefined && buttonsOf(call).some((one) => one.text === text),
      ),
  );

const dataOf = (call: TelegramCall, text: string): string =>
  buttonsOf(call).find((one) => one.text === text)?.callback_data ?? "";

/** What the bot said after this many calls. */
const saidSince = (from: number): string =>
  telegram.calls
    .slice(from)
    .map(({ params }) => String(params["text"] ?? ""))
    .join("\n");

const answered = (from: number): Promise<boolean> =>
  until("an answer to the press", () =>
    telegram.calls.slice(from).some(({ method }) => method === "answerCallbackQuery"),
  );

test("a stop button arrives when a child is spawned, and its press stops the child, once", async () => {
  const from = telegram.calls.length;
  telegram.write(OWNER, "MOCKSPAWN SLOWCHILD");
  const sent = await withButton("Stop", from);
  const spawned = await scene.hear(
    "the child",
    ({ hookPoint }) => hookPoint === "onSubagentSpawned",
  );
  expect(sent.params["text"]).toBe("main started kid-1");
  expect(dataOf(sent, "Stop")).toBe(`stop:${spawned.runId}`);
  await scene.hear(
    "the child at work",
    ({ hookPoint, runId }) => hookPoint === "beforeTurn" && runId === spawned.runId,
  );

  const strangers = telegram.calls.length;
  telegram.press(STRANGER, sent, dataOf(sent, "Stop"));
  await answered(strangers);
  const pressed = telegram.calls.length;
  telegram.press(OWNER, sent, dataOf(sent, "Stop"));
  await scene.hear(
    "the kill",
    ({ hookPoint, runId }) => hookPoint === "onSubagentKilled" && runId === spawned.runId,
  );
  await until("the message's new text", () => saidSince(pressed).includes("Stopped."));
  expect(saidSince(strangers).match(/Stopped\./g)).toHaveLength(1);
  const kills = scene.heard().filter(({ hookPoint }) => hookPoint === "onSubagentKilled");
  expect(kills).toHaveLength(1);
}, 600_000);

test("a button sent with a message stops the turn that runs; a long value travels as a token", async () => {
  const from = telegram.calls.length;
  telegram.write(OWNER, "MOCKSLOW please");
  const sent = await withButton("Halt", from);
  expect(dataOf(sent, "Halt")).toBe(`stop:${MAIN}`);
  expect(dataOf(sent, "Long")).toMatch(/^ts:[\w-]{16}$/);
  const begun = await scene.hear(
    "the turn",
    ({ hookPoint, message }) =>
      hookPoint === "beforeTurn" && message?.includes("MOCKSLOW please") === true,
  );
  telegram.press(OWNER, sent, dataOf(sent, "Halt"));
  await until("the message's new text", () => saidSince(from).includes("Stopped."));
  const later = telegram.calls.length;
  telegram.press(OWNER, sent, dataOf(sent, "Long"));
  await until("an error text", () =>
    saidSince(later).includes(`Nothing is running under ${MAIN}:${LONG}`),
  );
  const ends = scene
    .heard()
    .filter(
      ({ hookPoint, runId }) =>
        runId === begun.runId && /^(afterTurn|onTurnError)$/.test(hookPoint),
    );
  expect(ends).toEqual([]);
  const turn = await until("the stopped turn", async () => {
    const { turns } = await server.ask<TurnList>("/api/turns?limit=50");
    return turns.find(({ runId, state }) => runId === begun.runId && state !== "running");
  });
  expect(turn.state).toBe("cancelled");
}, 600_000);

test("an id that stands for several runs gets an error text, never a guess", async () => {
  telegram.write(OWNER, "hello");
  const sent = await withButton("Halt", telegram.calls.length);
  const ids = ["run-ambiguous-1", "run-ambiguous-2"];
  for (const [index, idempotencyKey] of ids.entries()) {
    const sessionKey = `agent:main:twin${index}`;
    await scene.request("agent", {
      agentId: "main",
      sessionKey,
      message: "MOCKHOLD",
      idempotencyKey,
    });
  }
  for (const id of ids) {
    await scene.hear(id, ({ hookPoint, runId }) => hookPoint === "beforeTurn" && runId === id);
  }
  const from = telegram.calls.length;
  telegram.press(OWNER, sent, "stop:run-ambiguous");
  await until("an error text", () =>
    saidSince(from).includes("stands for 2 runs; nothing was stopped"),
  );
  scene.provider.release();
  for (const id of ids) {
    await scene.hear(
      `the end of ${id}`,
      ({ hookPoint, runId }) => hookPoint === "afterTurn" && runId === id,
    );
  }
}, 600_000);

test("/turnspan in a chat says how the plugin is doing", async () => {
  const from = telegram.calls.length;
  telegram.write(OWNER, "/turnspan");
  const said = await until("the answer", () => /Turnspan [\d.]+: .*/.exec(saidSince(from))?.[0]);
  expect(said).toMatch(/: recording$/);
  expect(saidSince(from)).toContain(`${server.server.otlpUrl}/v1/traces`);
}, 600_000);

test("onMessageSent tells of what was delivered", async () => {
  const sent = await scene.hear("a delivery", ({ hookPoint }) => hookPoint === "onMessageSent");
  expect(sent).toMatchObject({ sessionKey: MAIN, channel: "telegram", success: true });
}, 600_000);
