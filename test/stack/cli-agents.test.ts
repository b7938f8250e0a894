import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CliAgentId } from "../../src/adapters/cli-agents/transcript.ts";
import { startUp, type UpProcess } from "../support/up-process.ts";
import { installAgents, type Lab, type Model, openLab, startModel } from "./cli-agents/lab.ts";
import { readStore, type StoredSession } from "./cli-agents/store.ts";

const INSTALL_MS = 900_000;
const TEST_MS = 600_000;
const POLL = { timeout: 120_000, interval: 500 };

let model: Model;

beforeAll(async () => {
  await installAgents();
  model = await startModel();
}, INSTALL_MS);

afterAll(() => model?.[Symbol.dispose]());

const up = (lab: Lab): Promise<UpProcess> =>
  startUp(lab.data, [], { PATH: process.env["PATH"], HOME: lab.home });

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
      ["turn completed > model_call exec_command model_call"],
      ["turn failed"],
      ["turn completed > model_call model_call", "turn completed > model_call Bash model_call"],
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
        "subagent completed > model_call run_shell_command model_call",
        "turn completed > model_call run_shell_command model_call",
      ],
    ],
  },
  "qwen-code": {
    end: "exit",
    turns: [
      ["turn completed > model_call"],
      ["turn completed > model_call run_shell_command model_call"],
      ["turn failed"],
      [
        "turn completed > model_call agent model_call",
        "subagent completed > model_call run_shell_command model_call",
        "turn completed > model_call run_shell_command model_call",
      ],
    ],
  },
} as const satisfies Record<CliAgentId, object>;

const AGENTS = Object.keys(STORED) as CliAgentId[];

const areOver = (sessions: readonly StoredSession[], count: number): boolean =>
  sessions.length === count && sessions.every(({ state }) => state === "ended");

test.each(AGENTS)(
  "%s: what it did is in the store, whether a server ran meanwhile or not, and its settings become what they were",
  {
    timeout: TEST_MS,
  },
  async (agent) => {
    using lab = openLab(agent, model);
    // At its first start an agent may put its settings in order.
    await lab.prompt("say hello");
    const before = lab.settings();
    expect(await lab.turnspan("install", agent)).toMatchObject({ code: 0, err: "" });
    await lab.prompt("say hello");
    await lab.prompt("use a TOOL");
    await lab.prompt("please FAIL");
    const server = await up(lab);
    await expect.poll(async () => areOver(await readStore(server), 3), POLL).toBe(true);
    await lab.prompt("start a SUBAGENT");
    await lab.prompt("use a TOOL", { goesOn: true });
    await expect
      .poll(async () => {
        const sessions = await readStore(server);
        return areOver(sessions, 4) && sessions[3]?.turns.length;
      }, POLL)
      .toBe(STORED[agent].turns[3].length);
    const stored = await readStore(server);
    await server.end("SIGTERM");
    expect(stored.map(({ turns }) => turns)).toEqual(STORED[agent].turns);
    expect(stored.map(({ reason }) => reason)).toEqual(stored.map(() => STORED[agent].end));
    expect(stored[0]?.inputTokens).toBe(1000);
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
    using lab = openLab(agent, model);
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
    running.kill("SIGKILL");
    await expect.poll(async () => (await readStore(server))[0]?.state, POLL).toBe("ended");
    const [session] = await readStore(server);
    await expect.poll(() => existsSync(heard), POLL).toBe(true);
    await server.end("SIGTERM");
    expect(session).toMatchObject({ reason: "abandoned", turns: ["turn abandoned abandoned"] });
    expect(session?.lastSeenMs).toBeLessThanOrEqual(killedMs);
    expect(JSON.parse(readFileSync(heard, "utf8"))).toMatchObject({
      hook_event_name: "SessionEnd",
      reason: "abandoned",
      cwd: path.join(lab.home, "project"),
      turnspan: { turns: 1 },
    });
  },
);

test.each(AGENTS)(
  "%s: works on without a word when all of Turnspan is gone and its hooks are not",
  {
    timeout: TEST_MS,
  },
  async (agent) => {
    using lab = openLab(agent, model);
    const { code, out } = await lab.prompt("use a TOOL");
    await lab.turnspan("install", agent);
    rmSync(lab.data, { recursive: true });
    const after = await lab.prompt("use a TOOL");
    expect({ code: after.code, out: after.out }).toEqual({ code, out });
    expect(after.err).not.toMatch(/turnspan|capture/i);
  },
);
