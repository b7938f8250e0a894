import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { OutgoingMessage } from "../../../src/hooks/runners/send/outlet.ts";
import type { Session } from "../../../src/lifecycle/session.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { startConfigured } from "../configured.ts";
import { agentHooks, commandHooks, turnHooks } from "./pasted-configs.ts";

const read = (folder: string, file: string): string =>
  readFileSync(path.join(folder, file), "utf8");

/** A host's channel that keeps what was sent. */
function createChannel(maxCallbackBytes = 64) {
  const sent: OutgoingMessage[] = [];
  return {
    maxCallbackBytes,
    sent,
    send: async (message: OutgoingMessage) => void sent.push(message),
  };
}

const open = { sessionKey: "web:42", sessionId: "0123456789ab" } as const;

test("pasted agents' hooks send buttons alone, a message with buttons, and an agent's own message", async () => {
  const channel = createChannel();
  using hooks = await startConfigured(agentHooks, { channel });
  using other = hooks.turnspan.openSession({ ...open, agentId: "other" });
  other.messageReceived({ content: "hello" });
  const child = { agentId: "writer", agentName: "Writer", label: "draft", runId: "child-1" };
  await other.turn({}, (turn) => turn.subagent(child, () => "done"));
  using main = hooks.turnspan.openSession({ sessionKey: "main:1", agentId: "main" });
  await main.turn({}, (turn) =>
    turn.subagent({ ...child, agentId: "main", runId: "child-2" }, () => "done"),
  );
  await hooks.settled();
  expect(channel.sent).toEqual([
    { text: "Working…", buttons: [[{ text: "🛑 Stop", callbackData: "stop:01234567" }]] },
    {
      text: "⚙️ Writer started: draft",
      buttons: [[{ text: "🛑 Stop", callbackData: "stop:child-1" }]],
    },
    { text: "✅ Writer finished.", buttons: [] },
    { text: "main's Writer: draft", buttons: [] },
    { text: "✅ Writer finished.", buttons: [] },
  ]);
  expect(hooks.findings).toEqual([]);
});

const RATE_LIMIT = `
export default async (ctx) => {
  ctx.meta.startedAt = 7;
  const who = [ctx.hookPoint, ctx.workflow, ctx.agentId, ctx.turnIndex, ctx.basePath, typeof ctx.log.info];
  if (ctx.turnIndex >= 2) return { abort: true, reason: "two turns are enough " + who.join() };
};`;

test("pasted turn hooks abort, share meta and are filtered as their contract says", async () => {
  using folder = makeTemporaryFolder({
    "package.json": { type: "module" },
    "hooks/rate-limit.js": RATE_LIMIT,
    "hooks/cron-only.js": "export default () => { throw new Error('not for turns'); };",
    "hooks/one-job.js": "export default () => { throw new Error('not for turns'); };",
    "hooks/post-metrics.js": `
      import { appendFileSync } from "node:fs";
      import { join } from "node:path";
      export default (ctx) => appendFileSync(join(ctx.basePath, "out.jsonl"), JSON.stringify([ctx.meta, ctx.usage.inputTokens, JSON.parse(JSON.stringify(ctx)).hookPoint]) + "\\n");`,
    "hooks/alert.js": `
      import { appendFileSync } from "node:fs";
      import { join } from "node:path";
      export default (ctx) => appendFileSync(join(ctx.basePath, "out.jsonl"), JSON.stringify([ctx.error, ctx.errorType, ctx.meta]) + "\\n");`,
  });
  using hooks = await startConfigured(turnHooks, { folder: folder.path });
  using session = hooks.turnspan.openSession({ ...open, agentId: "main" });
  await session.turn({}, () => "fine");
  await expect(
    session.turn({}, () => Promise.reject(new RangeError("too long"))),
  ).rejects.toThrow();
  const blocked = await session.turn({ onBlocked: ({ reason, hook }) => [reason, hook] }, () => []);
  const who = `beforeTurn,agent,main,2,${folder.path},function`;
  expect(blocked).toEqual([`two turns are enough ${who}`, "hooks.beforeTurn[0]"]);
  expect(
    read(folder.path, "out.jsonl")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([
    [{ startedAt: 7 }, 0, "afterTurn"],
    ["too long", "RangeError", { startedAt: 7 }],
  ]);
  using elsewhere = hooks.turnspan.openSession({ sessionKey: "x", agentId: "other" });
  for (let turn = 0; turn < 4; turn += 1) await elsewhere.turn({}, () => "never limited");
});

test("a CommonJS script of the same contract works as well", async () => {
  using folder = makeTemporaryFolder({
    "limit.cjs":
      "module.exports = async (ctx) => ({ abort: true, reason: 'cjs ' + ctx.hookPoint });",
  });
  using hooks = await startConfigured(
    { hooks: { beforeTurn: [{ script: "limit.cjs" }] } },
    { folder: folder.path },
  );
  using session = hooks.turnspan.openSession(open);
  expect(await session.turn({ onBlocked: ({ reason }) => reason }, () => "ran")).toBe(
    "cjs beforeTurn",
  );
});

/** What the pasted `node ./hooks/session-end.js` was shown with. */
const SESSION_END = `
const fs = require("fs");
const input = fs.readFileSync(0, "utf-8");
const params = JSON.parse(input);
fs.appendFileSync("./logs/statistics.jsonl", JSON.stringify(params) + "\\n");`;

function makeProject() {
  return makeTemporaryFolder({
    "hooks/session-end.js": SESSION_END,
    "logs/.keep": "",
    "cache/a.txt": "a",
    "cache/b.txt": "b",
    "cache/c.bin": "c",
  });
}

test.each([
  ["clear", "clear", true],
  ["reset", "clear", true],
  ["idle", "other", false],
  ["logout", "logout", false],
] as const)("pasted SessionEnd commands at the end %s", async (reason, told, isCleared) => {
  using project = makeProject();
  using hooks = await startConfigured(commandHooks);
  const settings = { permissionMode: "plan" };
  const session: Session = hooks.turnspan.openSession({
    ...{ ...open, settings, cwd: project.path, transcriptPath: "/t.jsonl" },
    metadata: { workflowId: "w-7" },
  });
  session.end(reason);
  await hooks.settled();
  expect(hooks.findings).toEqual([]);
  expect(existsSync(path.join(project.path, "cache/a.txt"))).toBe(!isCleared);
  expect(existsSync(path.join(project.path, "cache/c.bin"))).toBe(true);
  expect(existsSync(path.join(project.path, "logs/sessions.log"))).toBe(!isCleared);
  const statistics = JSON.parse(read(project.path, "logs/statistics.jsonl"));
  expect(statistics).toMatchObject({
    session_id: open.sessionId,
    transcript_path: "/t.jsonl",
    cwd: project.path,
    permission_mode: "plan",
    hook_event_name: "SessionEnd",
    reason: told,
    turnspan: {
      type: "session",
      action: "end",
      sessionKey: open.sessionKey,
      context: { stopReason: "stop", metadata: { workflowId: "w-7" } },
      turnspan: { reason },
    },
  });
});

test("the event handlers of other programs find their fields", async () => {
  using folder = makeTemporaryFolder({
    "package.json": { type: "module" },
    "handler.js": `
      import { appendFileSync } from "node:fs";
      const handler = async (event) => {
        if (event.type !== "session") return;
        const seen = event.action === "patch" ? event.context.patch.key : event.context.metadata?.workflowId;
        appendFileSync(new URL("seen.txt", import.meta.url), event.action + " " + seen + "\\n");
      };
      export default handler;`,
  });
  const handler = [{ script: "./handler.js" }];
  using hooks = await startConfigured(
    { hooks: { "session:start": handler, "session:patch": handler, "session:end": handler } },
    { folder: folder.path },
  );
  {
    using session = hooks.turnspan.openSession({ ...open, metadata: { workflowId: "w-7" } });
    session.patch({ model: "small" });
  }
  await hooks.settled();
  expect(read(folder.path, "seen.txt")).toBe("start w-7\npatch web:42\nend w-7\n");
});

test("entries run by priority, those alike in the order of the config, whatever their action", async () => {
  const say = (name: string, priority?: number) => ({
    ...{ name, send: { message: name, outlet: "stdout" } as const },
    ...(priority === undefined ? {} : { priority }),
  });
  using hooks = await startConfigured({
    hooks: { afterTurn: [say("c"), say("a", 1), say("d", 10), say("b", 2), say("e", 11)] },
  });
  using session = hooks.turnspan.openSession(open);
  await session.turn({}, () => "done");
  await hooks.settled();
  expect(hooks.written).toEqual(["a\n", "b\n", "c\n", "d\n", "e\n"]);
});

test("scripts that are not there are refused at the start, all at once, with their places", async () => {
  using folder = makeTemporaryFolder({
    "empty.mjs": "export const nothing = 1;",
    "broken.mjs": "export default (",
    "good.mjs": "export default () => undefined;",
  });
  const raw = {
    hooks: {
      beforeTurn: [{ script: "good.mjs" }, { script: "missing.mjs" }],
      afterTurn: [{ script: "empty.mjs" }, { script: "broken.mjs" }],
    },
  };
  const starting = startConfigured(raw, { folder: folder.path });
  await expect(starting).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  const { message } = await starting.then(
    () => new Error("started"),
    (error: Error) => error,
  );
  expect(message.split("\n")).toEqual([
    "config.json has wrong values:",
    `  hooks.beforeTurn[1].script: there is no file ${folder.path}/missing.mjs`,
    `  hooks.afterTurn[0].script: ${folder.path}/empty.mjs exports no function as its default`,
    expect.stringMatching(/^ {2}hooks\.afterTurn\[1\]\.script: ./),
  ]);
});

test("what is disposed is detached", async () => {
  const hooks = await startConfigured({
    hooks: {
      beforeTurn: [{ command: ["false"], onFailure: "closed" }, { budget: { per: "day", usd: 1 } }],
    },
  });
  expect(hooks.engine.hasListeners).toBe(true);
  hooks[Symbol.dispose]();
  expect(hooks.engine.hasListeners).toBe(false);
});

test("an action that only tells is not waited for before a turn, and its failure stops nothing", async () => {
  const never = { maxCallbackBytes: 64, send: () => new Promise<never>(() => undefined) };
  using hooks = await startConfigured(
    { hooks: { beforeTurn: [{ send: { message: "thinking" }, timeoutMs: 50 }] } },
    { channel: never },
  );
  using session = hooks.turnspan.openSession(open);
  expect(await session.turn({}, () => "at once")).toBe("at once");
  expect(hooks.findings).toEqual([]);
  await hooks.settled();
  expect(hooks.findings).toMatchObject([{ type: "hook.failure", errorType: "TimeoutError" }]);
});

test("a change of settings waits for no hook that it is told to", async () => {
  using folder = makeTemporaryFolder({
    "slow.mjs": "export default () => new Promise((resolve) => setTimeout(resolve, 500));",
  });
  using hooks = await startConfigured(
    {
      hooks: {
        "session:patch": [{ script: "slow.mjs" }, { command: "sleep 0.5; echo >> done.txt" }],
      },
    },
    { folder: folder.path },
  );
  using session = hooks.turnspan.openSession({ ...open, cwd: folder.path });
  for (let label = 0; label < 3; label += 1) session.patch({ label: String(label) });
  const settled = hooks.settled().then(() => "over");
  expect(await Promise.race([settled, "still running"])).toBe("still running");
  expect(existsSync(path.join(folder.path, "done.txt"))).toBe(false);
  await settled;
  expect(read(folder.path, "done.txt")).toBe("\n\n\n");
  expect(hooks.findings).toEqual([]);
});
