import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test, vi } from "vitest";
import { joinConfigs, readGivenConfig } from "../../src/hooks/config/load.ts";
import { HooksConfig } from "../../src/hooks/config/schema.ts";
import type { OutgoingMessage } from "../../src/hooks/runners/send/outlet.ts";
import { createTurnspan } from "../../src/turnspan.ts";
import { type ConfiguredOptions, startConfigured } from "../hooks/configured.ts";
import { createVerifier, makeSecret, startReceiver } from "../hooks/runners/receiver.ts";
import { root } from "../support/run-example.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

const examples = path.join(root, "examples/hooks");

/** A dollar for each thousand tokens in. */
const price = (call: { readonly usage: { readonly inputTokens?: number | undefined } }) => ({
  nanoUsd: (call.usage.inputTokens ?? 0) * 1_000_000,
  source: "test",
});

interface ExampleOptions extends ConfiguredOptions {
  /** Receivers on this machine, which a user would list in their own config. */
  readonly allow?: readonly string[];
}

/** An agent with the hooks of an example, in a copy of the examples' folder. */
async function startExample(name: string, { allow = [], ...options }: ExampleOptions = {}) {
  const folder = makeTemporaryFolder();
  cpSync(examples, folder.path, { recursive: true });
  const example = await readGivenConfig(HooksConfig, `${name}.json`, folder.path);
  const own = await readGivenConfig(HooksConfig, { http: { allow } }, folder.path);
  const loaded = joinConfigs([...example.files, ...own.files]);
  const hooks = await startConfigured(loaded, { folder: folder.path, ...options });
  const clock = { time: Date.UTC(2026, 10, 21, 12) };
  const turnspan = createTurnspan({ hooks: hooks.engine, price, clock: () => clock.time });
  const session = turnspan.openSession({
    ...{ sessionKey: "web:42", sessionId: "s-1", agentId: "main", cwd: folder.path },
    metadata: { customer: "c-7" },
  });
  return {
    ...{ hooks, turnspan, session, clock },
    turn: (message = "hello", tokens = 0) =>
      session.turn({ message, onBlocked: ({ reason }) => String(reason) }, async (turn) => {
        await turn.modelCall({ model: "m" }, (call) =>
          call.response({ usage: { inputTokens: tokens } }),
        );
        return "ran";
      }),
    fail: () => session.turn({}, () => Promise.reject(new RangeError("no"))).catch(() => undefined),
    read: (file: string) => readFileSync(path.join(folder.path, file), "utf8"),
    folder,
    [Symbol.dispose]: () => {
      hooks[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** The host's channel, which keeps what it is sent. */
function createChannel() {
  const sent: OutgoingMessage[] = [];
  const send = async (message: OutgoingMessage): Promise<void> => void sent.push(message);
  return { sent, channel: { maxCallbackBytes: 64, send } };
}

test("every example is in the list of recipes, and every recipe is an example", () => {
  const page = readFileSync(path.join(root, "docs/hooks.md"), "utf8");
  const listed = [...page.matchAll(/\(\.\.\/examples\/hooks\/([\w/-]+\.json)\)/g)].map(
    ([, file]) => file,
  );
  const configs = readdirSync(examples, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".json") && !file.endsWith("package.json"),
  );
  expect(listed.sort()).toEqual(configs.sort());
});

test("rate limit: the eleventh turn of a minute is stopped, and the next minute has ten again", async () => {
  using example = await startExample("rate-limit");
  for (let turn = 0; turn < 10; turn += 1) expect(await example.turn()).toBe("ran");
  expect(await example.turn()).toBe("10 turns a minute are enough");
  example.clock.time += 60_000;
  expect(await example.turn()).toBe("ran");
});

test("post usage: duration and tokens reach the other system, signed", async () => {
  await using receiver = await startReceiver();
  const secret = makeSecret("one");
  const env = { METRICS_URL: receiver.url, METRICS_TOKEN: "Bearer t", METRICS_SECRET: secret };
  using example = await startExample("post-usage", { env, allow: [receiver.target] });
  await example.turn("hello", 500);
  await example.hooks.settled();
  expect(example.hooks.findings).toEqual([]);
  const [request] = receiver.received;
  expect(JSON.parse(request?.body ?? "")).toMatchObject({
    hookPoint: "afterTurn",
    durationMs: expect.any(Number),
    usage: { inputTokens: 500 },
    costUsd: 0.5,
  });
  expect(request?.headers["authorization"]).toBe("Bearer t");
  expect(createVerifier(secret)(request ?? { headers: {}, body: "" })).toBe(true);
});

test("block content: what must not leave does not", async () => {
  using example = await startExample("block-content");
  expect(await example.turn("what is the state of Project Bluebird?")).toBe(
    "this must not go to a model",
  );
  expect(await example.turn("my number is 123-45-6789")).toBe("this must not go to a model");
  expect(await example.turn("what is the weather?")).toBe("ran");
});

test("alert on repeated errors: Slack hears of the third in a row, once", async () => {
  await using receiver = await startReceiver();
  vi.stubEnv("SLACK_WEBHOOK", receiver.url);
  using example = await startExample("alert-errors");
  const texts = async (): Promise<string[]> => {
    await example.hooks.settled();
    return receiver.received.map(({ body }) => JSON.parse(body).text);
  };
  for (let turn = 0; turn < 2; turn += 1) await example.fail();
  await example.turn();
  expect(await texts()).toEqual([]);
  for (let turn = 0; turn < 4; turn += 1) await example.fail();
  expect(await texts()).toEqual([
    ":rotating_light: main: 3 turns failed in a row, last with RangeError",
  ]);
  vi.unstubAllEnvs();
});

test("stop button: every spawn has one", async () => {
  const { sent, channel } = createChannel();
  using example = await startExample("stop-button", { channel });
  await example.session.turn({}, (turn) =>
    turn.subagent({ agentId: "writer", label: "draft", runId: "r-1" }, () => "done"),
  );
  await example.hooks.settled();
  expect(sent).toEqual([
    {
      text: "⚙️ writer works on draft",
      buttons: [[{ text: "🛑 Stop", callbackData: "stop:r-1" }]],
    },
  ]);
});

test("completion notice: told for all agents but the quiet one", async () => {
  const { sent, channel } = createChannel();
  using example = await startExample("completion-notice", { channel });
  await example.session.turn({}, async (turn) => {
    await turn.subagent({ agentId: "writer", label: "draft" }, () => "done");
    await turn.subagent({ agentId: "quiet", label: "check" }, () => "done");
  });
  await example.hooks.settled();
  expect(sent.map(({ text }) => text)).toEqual(["✅ writer finished draft"]);
});

test("thinking indicator: shown from the turn's start to its answer", async () => {
  using example = await startExample("thinking-indicator");
  await example.session.turn({}, async () => {
    await example.hooks.settled();
    expect(example.hooks.written).toEqual(["🤔 main is thinking …\n"]);
  });
  await example.hooks.settled();
  expect(example.hooks.written.at(-1)).toBe("💬 main has answered\n");
});

test("sync metadata: the database has each session as it is", async () => {
  using example = await startExample("sync-metadata");
  await example.hooks.settled();
  const rows = (): unknown[] => {
    const db = new DatabaseSync(path.join(example.folder.path, "sessions.db"));
    const all = db.prepare("SELECT key, state, metadata FROM session").all();
    db.close();
    return all.map((row) => ({ ...row }));
  };
  const row = { key: "web:42", metadata: '{"customer":"c-7"}' };
  expect(rows()).toEqual([{ ...row, state: "open" }]);
  example.session.end();
  await example.hooks.settled();
  expect(rows()).toEqual([{ ...row, state: "stop" }]);
});

test("cost by model: a line for each stretch on one model", async () => {
  using example = await startExample("cost-by-model");
  await example.turn("one", 1000);
  await example.turn("two", 500);
  example.session.patch({ model: "m-small" }, { actor: { kind: "operator" } });
  await example.hooks.settled();
  await example.turn("three", 100);
  example.session.end();
  await example.hooks.settled();
  const lines = example.read("cost-by-model.jsonl").trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { sessionKey: "web:42", costUsd: 1.5, why: "model changed to m-small" },
    { sessionKey: "web:42", costUsd: 0.1, why: "session ended" },
  ]);
});

test("compliance log: each change of settings is a line, with who made it", async () => {
  using example = await startExample("compliance-log");
  example.session.patch({ model: "m-2" }, { actor: { kind: "operator", id: "u-7" } });
  await example.hooks.settled();
  example.session.patch({ thinkingLevel: "high" }, { actor: { kind: "agent" } });
  await example.hooks.settled();
  const lines = example.read("settings-changes.jsonl").trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).turnspan.turnspan)).toMatchObject([
    { changes: [{ field: "model", after: "m-2" }], actor: { kind: "operator", id: "u-7" } },
    { changes: [{ field: "thinkingLevel", after: "high" }], actor: { kind: "agent" } },
  ]);
});

test("session statistics: a line for each session", async () => {
  using example = await startExample("session-stats");
  await example.turn("one", 1000);
  example.session.end("logout");
  await example.hooks.settled();
  expect(JSON.parse(example.read("session-stats.jsonl"))).toMatchObject({
    ...{ session_id: "s-1", reason: "logout", turns: 1, inputTokens: 1000, costUsd: 1 },
  });
});

test.each([
  ["clear", false],
  ["logout", true],
])("cleanup on /clear: after %s the scratch file is there: %s", async (reason, isThere) => {
  using example = await startExample("cleanup-on-clear");
  const file = example.folder.write("scratch/a.txt", "notes");
  example.session.end(reason);
  await example.hooks.settled();
  expect(existsSync(file)).toBe(isThere);
});

test("daily budget: the turn after twenty dollars is stopped, and so are five errors in a row", async () => {
  using example = await startExample("daily-budget");
  expect(await example.turn("one", 20_000)).toBe("ran");
  expect(await example.turn()).toContain('budget "daily" is used up: 20.00 of 20.00 USD');
  using other = await startExample("daily-budget");
  for (let turn = 0; turn < 5; turn += 1) await other.fail();
  expect(await other.turn()).toContain("5 of 5 consecutive failed turns");
});
