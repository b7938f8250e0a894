import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { hookPoints } from "../../src/hooks/points.ts";
import { openHome } from "../adapters/cli-agents/home.ts";
import { root } from "../support/run-example.ts";
import { runProcess } from "../support/run-process.ts";
import { startReceiver } from "./runners/receiver.ts";

const recording = path.join(root, "test/fixtures/openclaw/gateway-events.jsonl");

/** A machine with agents' transcripts on it, and a user whose config has something at every hook. */
async function makeMachine() {
  const receiver = await startReceiver();
  const home = openHome("claude-code/tool", "codex/tool");
  home.age();
  const ran = path.join(home.path, "ran");
  const entries = [{ url: receiver.url }, { command: `echo ran >> ${ran}` }];
  const hooks = Object.fromEntries(Object.keys(hookPoints).map((hook) => [hook, entries]));
  const SessionEnd = [{ hooks: [{ type: "command", command: `echo ended >> ${ran}` }] }];
  const beforeTurn = [...entries, { name: "one", budget: { per: "day", turns: 1 } }];
  const config = {
    hooks: { ...hooks, beforeTurn, SessionEnd },
    http: { allow: [receiver.target] },
  };
  home.write(".config/turnspan/config.json", JSON.stringify(config));
  const env = {
    PATH: process.env["PATH"],
    HOME: home.path,
    TURNSPAN_DATA: path.join(home.path, "data"),
  };
  const runNode = (...args: string[]) =>
    runProcess(process.execPath, args, { env, cwd: home.path });
  return {
    ...{ home, receiver, runNode },
    turnspan: (...args: string[]) => runNode(path.join(root, "src/cli/main.ts"), ...args),
    isSilent: () => receiver.received.length === 0 && !existsSync(ran),
    [Symbol.asyncDispose]: async () => {
      await receiver[Symbol.asyncDispose]();
      home[Symbol.dispose]();
    },
  };
}

test.each([
  ["replay", ["--host", "openclaw", recording]],
  ["import", []],
])(
  "%s of what was told before sets off nothing that is configured, and uses no budget",
  async (command, args) => {
    await using machine = await makeMachine();
    const out = path.join(machine.home.path, "out.jsonl");
    const ended = await machine.turnspan(command, ...args, "--out", out);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(existsSync(out)).toBe(true);
    expect(machine.isSilent()).toBe(true);
    expect((await machine.turnspan("budget")).stdout).toBe("no budget was used here\n");
  },
  120_000,
);

const LIVE = `
import { attachHooks } from ${JSON.stringify(path.join(root, "src/hooks/attach.ts"))};
import { createTurnspan } from ${JSON.stringify(path.join(root, "src/turnspan.ts"))};
const turnspan = createTurnspan();
const { env, stdout } = process;
const attached = await attachHooks(turnspan.hooks, { env, stdout, cwd: process.cwd() });
const session = turnspan.openSession({ sessionKey: "k", cwd: process.cwd() });
await session.turn({ onBlocked: () => undefined }, () => "done");
session.end();
await turnspan.hooks.settled(60_000);
await attached.settled(60_000);
`;

test("the same config is heard where a session really runs: the tests above can fail", async () => {
  await using machine = await makeMachine();
  const ended = await machine.runNode("--input-type=module", "-e", LIVE);
  expect(ended).toMatchObject({ code: 0 });
  expect(machine.isSilent()).toBe(false);
  expect((await machine.turnspan("budget")).stdout).toContain("1 of 1 turns");
}, 120_000);
