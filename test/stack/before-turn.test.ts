import { once } from "node:events";
import { expect, test } from "vitest";
import { findServer } from "../../src/base/running-server.ts";
import { POLL, TEST_MS, up, withModel } from "../support/cli-agents-model.ts";
import { type Lab, openLab } from "./cli-agents/lab.ts";
import { readStore } from "./cli-agents/store.ts";

const NEVER = 'grep -q FORBIDDEN && echo \'{"abort": true, "reason": "not today"}\'; true';

/** Hooks that were called have spans of their own below a turn; a model call only one that was let pass. */
const BLOCKED = expect.stringMatching(/^turn blocked(?!.*model_call)/);
const COMPLETED = expect.stringMatching(/^turn completed > .*model_call/);

const model = withModel();

/** Runs the server where the agent can reach it, with some hooks for prompts. */
async function guard(lab: Lab, ...beforeTurn: readonly object[]): Promise<AsyncDisposable> {
  lab.write(".config/turnspan/config.json", { hooks: { beforeTurn } });
  const server = lab.startServer();
  await expect.poll(() => findServer(lab.data)?.pid, POLL).toBeDefined();
  return {
    async [Symbol.asyncDispose]() {
      server.kill("SIGTERM");
      if (server.exitCode === null) await once(server, "exit");
    },
  };
}

/** The turns that the server has, when so many are over. */
async function readTurns(lab: Lab, count: number): Promise<string[]> {
  const server = await up(lab);
  const over = async (): Promise<string[]> =>
    (await readStore(server))
      .flatMap(({ turns }) => turns)
      .filter((turn) => turn.startsWith("turn") && !turn.includes("running"));
  await expect.poll(async () => (await over()).length, POLL).toBe(count);
  const turns = await over();
  await server.end("SIGTERM");
  return turns;
}

test.each([
  ["claude-code", []],
  ["claude-code", ["--http"]],
  ["qwen-code", []],
  ["qwen-code", ["--http"]],
  ["gemini-cli", []],
  ["codex", []],
] as const)(
  "%s %j: a prompt that a beforeTurn hook aborts reaches no model, and the next one does",
  { timeout: TEST_MS },
  async (agent, form) => {
    using lab = openLab(agent, model());
    // At its first start an agent may put its settings in order.
    await lab.prompt("say hello");
    const before = lab.settings();
    const names = { forbidden: `FORBIDDEN ${lab.home}`, allowed: `hello from ${lab.home}` };
    {
      await using _ = await guard(lab, { command: NEVER });
      const installed = await lab.turnspan("install", agent, "--before-turn", "open", ...form);
      expect(installed).toMatchObject({ code: 0, err: "" });
      await lab.prompt(names.forbidden);
      expect(model().asked()).not.toContain(names.forbidden);
      await lab.prompt(names.allowed);
      expect(model().asked()).toContain(names.allowed);
    }
    expect(await readTurns(lab, 2)).toEqual([BLOCKED, COMPLETED]);
    await lab.turnspan("uninstall", agent);
    expect(lab.settings()).toBe(before);
  },
);

test("a budget of one turn lets one prompt of Claude Code pass, and says why the next one does not", {
  timeout: TEST_MS,
}, async () => {
  using lab = openLab("claude-code", model());
  {
    await using _ = await guard(lab, { budget: { per: "agent", turns: 1 } });
    await lab.turnspan("install", "claude-code", "--before-turn", "closed");
    await lab.prompt("say hello");
    const { out } = await lab.prompt(`say hello again ${lab.home}`);
    expect(out).toMatch(/blocked by hook:\n.*turns/);
    expect(model().asked()).not.toContain(`hello again ${lab.home}`);
  }
  expect(await readTurns(lab, 2)).toEqual([COMPLETED, BLOCKED]);
});

test.each(["claude-code", "qwen-code"] as const)(
  "%s: where no server answers, its prompt passes or is blocked as it was asked for",
  { timeout: TEST_MS },
  async (agent) => {
    using lab = openLab(agent, model());
    await lab.turnspan("install", agent, "--before-turn", "open");
    await lab.prompt(`open ${lab.home}`);
    expect(model().asked()).toContain(`open ${lab.home}`);
    await lab.turnspan("install", agent, "--before-turn", "closed");
    await lab.prompt(`closed ${lab.home}`);
    expect(model().asked()).not.toContain(`closed ${lab.home}`);
    expect(await readTurns(lab, 2)).toEqual([COMPLETED, BLOCKED]);
  },
);
