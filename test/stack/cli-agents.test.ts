import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { findServer } from "../../src/base/running-server.ts";
import { POLL, TEST_MS, up, withModel } from "../support/cli-agents-model.ts";
import { openLab } from "./cli-agents/lab.ts";
import type { InstalledAgent } from "./cli-agents/programs.ts";
import { readStore, type StoredSession } from "./cli-agents/store.ts";

const model = withModel();

/** What each agent does when it is told to, as it is to be in the store. */
const STORED = {
  "claude-code": {
    end: "other",
    turns: [
      ["turn completed > model_call"],
      ["turn completed > model_call Bash model_call"],
      ["turn failed server_error"],
      [
        "turn completed > model_call Agent model_call",
        "subagent completed > model_call Bash model_call",
        "announce completed > model_call",
        "turn completed > model_call Bash model_call",
      ],
    ],
  },
  codex: {
    end: "other",
    turns: [
      ["turn completed > model_call"],
      ["turn completed > model_call Bash model_call"],
      ["turn failed internal_server_error"],
      [
        "turn completed > model_call Agent model_call",
        "turn completed > model_call Bash model_call",
      ],
    ],
  },
  "gemini-cli": {
    end: "exit",
    turns: [
      ["turn completed > model_call"],
      ["turn completed > model_call run_shell_command model_call"],
      ["turn failed _OTHER"],
      [
        "turn completed > model_call invoke_agent model_call",
        "subagent completed > model_call run_shell_command model_call model_call",
        "turn completed > model_call run_shell_command model_call",
      ],
    ],
  },
  "qwen-code": {
    end: "exit",
    turns: [
      ["turn completed > model_call"],
      ["turn completed > model_call run_shell_command model_call"],
      ["turn failed BadRequestError"],
      [
        "turn completed > model_call agent model_call model_call",
        "subagent completed > model_call run_shell_command model_call",
        "turn completed > model_call run_shell_command model_call",
      ],
    ],
  },
} as const satisfies Record<InstalledAgent, object>;

const AGENTS = Object.keys(STORED) as InstalledAgent[];

/** Now and then Qwen Code has a subagent of its own look at what was said. */
const isAsked = (turn: string): boolean => turn !== "subagent completed > model_call";

interface Told {
  readonly reason: string | null;
  readonly turns: readonly string[];
}

const told = (sessions: readonly StoredSession[]): Told[] =>
  sessions.map(({ state, reason, turns }) => ({
    reason: state === "ended" ? reason : state,
    turns: turns.filter(isAsked),
  }));

const wanted = (turns: readonly (readonly string[])[], reason: string): Told[] =>
  turns.map((each) => ({ reason, turns: each }));

test.each(AGENTS)(
  "%s: what it did is in the store, whether a server ran meanwhile or not, and its settings become what they were",
  {
    timeout: TEST_MS,
  },
  async (agent) => {
    using lab = openLab(agent, model());
    // At its first start an agent may put its settings in order.
    await lab.prompt("say hello");
    const before = lab.settings();
    expect(await lab.turnspan("install", agent)).toMatchObject({ code: 0, err: "" });
    await lab.prompt("say hello");
    await lab.prompt("use a TOOL");
    await lab.prompt("please FAIL");
    const server = await up(lab);
    const { turns, end } = STORED[agent];
    await expect
      .poll(async () => told(await readStore(server)), POLL)
      .toEqual(wanted(turns.slice(0, 3), end));
    await lab.prompt("start a SUBAGENT");
    await lab.prompt("use a TOOL", { goesOn: true });
    await expect.poll(async () => told(await readStore(server)), POLL).toEqual(wanted(turns, end));
    const stored = await readStore(server);
    await server.end("SIGTERM");
    expect(stored[0]?.inputTokens).toBe(1000 * (stored[0]?.turns.length ?? 0));
    expect(await lab.turnspan("uninstall", agent)).toMatchObject({ code: 0 });
    expect(lab.settings()).toBe(before);
  },
);

test.each(AGENTS)(
  "%s: killed in a turn, its session is abandoned at its last sign, and session:end fires",
  {
    timeout: TEST_MS,
  },
  async (agent) => {
    using lab = openLab(agent, model());
    await lab.turnspan("install", agent);
    const heard = path.join(lab.home, "heard.json");
    lab.write(".config/turnspan/config.json", {
      hooks: {
        SessionEnd: [{ hooks: [{ type: "command", command: `cat > ${heard}`, timeout: 20 }] }],
      },
    });
    const server = await up(lab);
    const running = lab.start("be SLOW");
    await expect
      .poll(async () => (await readStore(server))[0]?.turns, POLL)
      .toEqual(["turn running"]);
    const killedMs = Date.now();
    process.kill(-(running.pid ?? Number.NaN), "SIGKILL");
    await expect
      .poll(async () => told(await readStore(server)), POLL)
      .toEqual([{ reason: "abandoned", turns: ["turn abandoned abandoned"] }]);
    const [session] = await readStore(server);
    expect(session?.lastSeenMs).toBeLessThanOrEqual(killedMs);
    const input = () => (existsSync(heard) ? JSON.parse(readFileSync(heard, "utf8") || "0") : 0);
    await expect.poll(input, POLL).toMatchObject({
      hook_event_name: "SessionEnd",
      reason: "other",
      cwd: path.join(lab.home, "project"),
      turnspan: { turnspan: { reason: "abandoned", turns: 1 } },
    });
    await server.end("SIGTERM");
  },
);

test.each(AGENTS)(
  "%s: works on without a word when all of Turnspan is gone and its hooks are not",
  {
    timeout: TEST_MS,
  },
  async (agent) => {
    using lab = openLab(agent, model());
    const { code, out } = await lab.prompt("use a TOOL");
    await lab.turnspan("install", agent);
    rmSync(lab.data, { recursive: true });
    const after = await lab.prompt("use a TOOL");
    expect({ code: after.code, out: after.out }).toEqual({ code, out });
    expect(after.err).not.toMatch(/capture|no such file/i);
  },
);

test.each(["claude-code", "qwen-code"] as const)(
  "%s: by HTTP, the server has the same of it",
  { timeout: TEST_MS },
  async (agent) => {
    using lab = openLab(agent, model());
    const inside = lab.startServer();
    await expect.poll(() => findServer(lab.data), POLL).toBeDefined();
    await lab.turnspan("install", agent, "--http");
    expect(lab.settings()).toContain(`/turnspan/hooks/${agent}"`);
    await lab.prompt("use a TOOL");
    inside.kill("SIGTERM");
    await once(inside, "exit");
    const server = await up(lab);
    const { turns, end } = STORED[agent];
    await expect
      .poll(async () => told(await readStore(server)), POLL)
      .toEqual(wanted(turns.slice(1, 2), end));
    await server.end("SIGTERM");
  },
);
