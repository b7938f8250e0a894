import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { spoolFolder } from "../../src/adapters/cli-agents/capture-script.ts";
import { serverFile } from "../../src/base/running-server.ts";
import type { SessionDetail, SessionList } from "../../src/server/api-types.ts";
import { runTurnspan } from "../support/cli.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { startUp, type UpProcess } from "../support/up-process.ts";

const POLL = { timeout: 60_000, interval: 250 };
const TEST_MS = 240_000;

/** Each agent's settings, the event of a prompt, and what else it sends with one. */
const AGENTS = {
  "claude-code": { file: ".claude/settings.json", event: "UserPromptSubmit", key: "prompt_id" },
  "qwen-code": { file: ".qwen/settings.json", event: "UserPromptSubmit", key: "prompt_id" },
  "gemini-cli": { file: ".gemini/settings.json", event: "BeforeAgent", key: undefined },
  codex: { file: ".codex/hooks.json", event: "UserPromptSubmit", key: "turn_id" },
} as const;
type Agent = keyof typeof AGENTS;
const NAMES = Object.keys(AGENTS) as Agent[];

interface Answer {
  readonly decision?: string;
  readonly reason?: string;
}

/** A home folder with a config in which a command looks at each prompt. */
function openHome(agent: Agent) {
  const folder = makeTemporaryFolder();
  const { file, event, key } = AGENTS[agent];
  const guard = `grep -q SECRET && echo '{"abort": true, "reason": "no secrets here"}'; true`;
  const hooks = { beforeTurn: [{ name: "secrets", command: guard }] };
  folder.write(".config/turnspan/config.json", JSON.stringify({ hooks }));
  const data = path.join(folder.path, "data");
  const env = { HOME: folder.path, TURNSPAN_DATA: data, PATH: process.env["PATH"] };
  const settings = (): string => readFileSync(path.join(folder.path, file), "utf8");
  let prompts = 0;
  /** Runs what the agent's settings have for an event, as the agent does. */
  const tell = async (name: string, about: object): Promise<Answer> => {
    const [group] = JSON.parse(settings()).hooks[name];
    const child = spawn("sh", ["-c", group.hooks[0].command], { env });
    child.stdin.end(JSON.stringify({ session_id: "s-1", hook_event_name: name, ...about }));
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(err).toBe("");
    return JSON.parse(out);
  };
  return {
    ...{ data, env, settings, home: folder.path },
    run: (...args: readonly string[]) => runTurnspan(args, { env }),
    up: () => startUp(data, [], env),
    begin: () => tell("SessionStart", { source: "startup", cwd: folder.path }),
    ask: (prompt: string) => {
      prompts += 1;
      return tell(event, { prompt, ...(key && { [key]: `s-1########${prompts}` }) });
    },
    [Symbol.dispose]: folder[Symbol.dispose],
  };
}

async function readTurns({ uiUrl, token }: UpProcess): Promise<(string | null)[][]> {
  const get = async <Body>(from: string): Promise<Body> =>
    (await fetch(uiUrl + from, { headers: { authorization: `Bearer ${token}` } })).json() as Body;
  const { sessions } = await get<SessionList>("/api/sessions");
  const details = await Promise.all(
    sessions.map(({ id }) => get<SessionDetail>(`/api/sessions/${id}`)),
  );
  return details.flatMap(({ turns }) =>
    turns.map(({ state, blockReason }) => [state, blockReason]),
  );
}

test.each(NAMES)(
  "%s: a prompt waits for beforeTurn hooks, and one that they abort is a blocked turn",
  { timeout: TEST_MS },
  async (agent) => {
    using home = openHome(agent);
    await home.run("install", agent, "--before-turn", "open");
    const up = await home.up();
    await home.begin();
    expect(await home.ask("tell the SECRET")).toEqual({
      ...{ decision: "block", reason: "no secrets here" },
    });
    expect(await home.ask("say hello")).toEqual({});
    await expect
      .poll(() => readTurns(up), POLL)
      .toEqual([
        ["blocked", "no secrets here"],
        ["running", null],
      ]);
    await up.end("SIGTERM");
    expect(readdirSync(spoolFolder(home.data))).toEqual([]);
  },
);

test(
  "a prompt that waits is heard by a hook though no content is kept, and what is kept has none of it",
  async () => {
    using home = openHome("claude-code");
    await home.run("install", "claude-code", "--before-turn", "open");
    const up = await home.up();
    await home.begin();
    await home.ask("tell the SECRET");
    await expect.poll(() => readTurns(up), POLL).toEqual([["blocked", "no secrets here"]]);
    await up.end("SIGTERM");
    const files = readdirSync(home.data, { recursive: true, encoding: "utf8" });
    const kept = files
      .map((name) => path.join(home.data, name))
      .filter((file) => existsSync(file) && /store|audit|sessions|spool/.test(file))
      .map((file) => {
        try {
          return readFileSync(file, "latin1");
        } catch {
          return "";
        }
      });
    expect(kept.join("")).toContain("no secrets here");
    expect(kept.join("")).not.toContain("tell the SECRET");
  },
  TEST_MS,
);

/** What a server that crashed leaves: an address at which nobody is. */
const GONE = {
  pid: 1,
  version: "0.0.0",
  otlpUrl: "http://127.0.0.1:9",
  uiUrl: "http://127.0.0.1:9",
};

test.each([
  ["there never was a server", undefined],
  ["the server has crashed", GONE],
])(
  "when %s, a prompt passes or is blocked as it was asked for, and is kept",
  { timeout: TEST_MS },
  async (_, left) => {
    using home = openHome("claude-code");
    await home.run("install", "claude-code", "--before-turn", "open");
    if (left !== undefined) writeFileSync(serverFile(home.data), JSON.stringify(left));
    await home.begin();
    expect(await home.ask("say hello")).toEqual({});
    await home.run("install", "claude-code", "--before-turn", "closed");
    const answer = await home.ask("say hello again");
    expect(answer).toMatchObject({ decision: "block" });
    expect(answer.reason).toContain("turnspan install claude-code --before-turn open");
    rmSync(serverFile(home.data), { force: true });
    const up = await home.up();
    await expect
      .poll(() => readTurns(up), POLL)
      .toMatchObject([
        ["cancelled", null],
        ["blocked", answer.reason],
      ]);
    await up.end("SIGTERM");
  },
);

test(
  "the form with one hook an event blocks nothing, whatever beforeTurn hooks say",
  async () => {
    using home = openHome("codex");
    await home.run("install", "codex");
    const up = await home.up();
    await home.begin();
    expect(await home.ask("tell the SECRET")).toEqual({});
    await expect.poll(() => readTurns(up), POLL).toEqual([["running", null]]);
    await up.end("SIGTERM");
  },
  TEST_MS,
);

test("install shows what waits, doctor what becomes of it, and uninstall leaves nothing", async () => {
  using home = openHome("gemini-cli");
  const { out } = await home.run("install", "gemini-cli", "--before-turn", "closed");
  expect(out).toMatch(/^\+ .*capture\.cjs' gemini-cli \$PPID closed;/m);
  expect(out).toContain(
    "Each prompt waits for your beforeTurn hooks; without a server it is blocked.",
  );
  const { out: looked } = await home.run("doctor", "gemini-cli");
  expect(looked).toMatch(/^ok {3}Gemini CLI settings: .* has a hook for each event$/m);
  expect(looked).toMatch(
    /^WARN beforeTurn hooks: each prompt waits for them, and without a server it is blocked; no server runs\n {5}→ turnspan up$/m,
  );
  await home.run("install", "gemini-cli");
  expect(home.settings()).not.toContain("closed");
  expect((await home.run("doctor", "gemini-cli")).out).toContain("they block nothing");
  await home.run("install", "gemini-cli", "--before-turn", "open");
  await home.run("uninstall", "gemini-cli");
  expect(existsSync(path.join(home.home, AGENTS["gemini-cli"].file))).toBe(false);
});

test.each([
  [["hawa-code", "--before-turn", "open"], "Hawa Code has no hook that could block a prompt"],
  [["codex", "--before-turn", "maybe"], "--before-turn maybe is not known: open or closed"],
  [
    ["claude-code", "--http", "--before-turn", "closed"],
    "an http hook cannot block where no server answers",
  ],
])("turnspan install %j says what is wrong", async (args, problem) => {
  using home = openHome("codex");
  const { code, err } = await home.run("install", ...args);
  expect(code).toBe(2);
  expect(err).toContain(problem);
});

test(
  "with --http the agent itself waits for the server's answer",
  async () => {
    using home = openHome("claude-code");
    const up = await home.up();
    await home.run("install", "claude-code", "--http", "--before-turn", "open");
    const [group] = JSON.parse(home.settings()).hooks.UserPromptSubmit;
    const [{ url, timeout }] = group.hooks;
    expect({ url, timeout }).toEqual({
      ...{ url: `${up.otlpUrl}/turnspan/hooks/claude-code?ask`, timeout: 20 },
    });
    const post = async (prompt: string): Promise<unknown> => {
      const about = { session_id: "s-1", hook_event_name: "UserPromptSubmit", prompt };
      return (await fetch(url, { method: "POST", body: JSON.stringify(about) })).json();
    };
    expect(await post("tell the SECRET")).toEqual({ decision: "block", reason: "no secrets here" });
    expect(await post("say hello")).toEqual({});
    expect((await home.run("doctor", "claude-code")).out).toContain("ok   beforeTurn hooks");
    await up.end("SIGTERM");
  },
  TEST_MS,
);
