import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { CliAgentId } from "../../src/adapters/cli-agents/transcript.ts";
import { runTurnspan } from "../support/cli.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

/** Copilot has a file of hooks that is ours alone. */
type SettingsAgent = Exclude<CliAgentId, "copilot">;

/** The user's own settings file of each agent, below the home folder. */
const SETTINGS = {
  "claude-code": ".claude/settings.json",
  "hawa-code": ".hcode/settings.json",
  "qwen-code": ".qwen/settings.json",
  "gemini-cli": ".gemini/settings.json",
  codex: ".codex/hooks.json",
} as const satisfies Record<SettingsAgent, string>;
const AGENTS = Object.keys(SETTINGS) as SettingsAgent[];

/** A limit that a user would not notice, in the unit that the agent counts in. */
const AGENT_TIMEOUTS = {
  ...{ "claude-code": 5, "hawa-code": 5, codex: 3 },
  ...{ "qwen-code": 5000, "gemini-cli": 5000 },
} as const satisfies Record<SettingsAgent, number>;

const MINE = `{\n\t"zeta" : [1,2],\r\n    "hooks":{"Stop":[{"hooks":[{"type":"command","command":"mine"}]}]} ,\n\t"alpha": null }`;

function openHome(files: Readonly<Record<string, string>> = {}) {
  const folder = makeTemporaryFolder(files);
  const data = path.join(folder.path, "data");
  const run = (...args: readonly string[]) =>
    runTurnspan(args, {
      env: { HOME: folder.path, TURNSPAN_DATA: data },
      cwd: path.join(folder.path, "project"),
    });
  mkdirSync(path.join(folder.path, "project"));
  const read = (name: string): string => readFileSync(path.join(folder.path, name), "utf8");
  return {
    ...folder,
    home: folder.path,
    data,
    run,
    read,
    [Symbol.dispose]: folder[Symbol.dispose],
  };
}

interface Settings {
  readonly hooks: Readonly<
    Record<string, readonly { readonly hooks: readonly Record<string, unknown>[] }[]>
  >;
}

const parse = (text: string): Settings => JSON.parse(text);

test.each(AGENTS)(
  "%s: each event gets one hook of ours behind the user's own, in the agent's unit of time; a second run changes nothing",
  async (agent) => {
    using home = openHome({ [SETTINGS[agent]]: MINE });
    const { code, out, err } = await home.run("install", agent);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain(`capture.sh' ${agent} $PPID`);
    expect(out).toContain(`It goes into ${home.data} on this machine, and nowhere else.`);
    const installed = home.read(SETTINGS[agent]);
    const { hooks, ...rest } = parse(installed);
    expect(rest).toEqual({ zeta: [1, 2], alpha: null });
    const timeout = AGENT_TIMEOUTS[agent];
    const ours = Object.values(hooks).flatMap((groups) =>
      groups.flatMap((group) => group.hooks.filter(({ command }) => command !== "mine")),
    );
    for (const hook of ours) expect(hook).toMatchObject({ type: "command", timeout });
    expect(hooks["SessionEnd"]).toHaveLength(1);
    expect(hooks["Stop"]?.[0]?.hooks[0]?.["command"]).toBe("mine");
    const again = await home.run("install", agent);
    expect(again.out).toContain("has it all");
    expect(home.read(SETTINGS[agent])).toBe(installed);
  },
);

test.each(AGENTS)(
  "%s: uninstalling gives back every byte, and a file that was not there is gone",
  async (agent) => {
    using home = openHome({ [SETTINGS[agent]]: MINE });
    await home.run("install", agent);
    expect(await home.run("uninstall", agent)).toMatchObject({ code: 0, err: "" });
    expect(home.read(SETTINGS[agent])).toBe(MINE);
    using bare = openHome();
    await bare.run("install", agent);
    expect(existsSync(path.join(bare.home, SETTINGS[agent]))).toBe(true);
    await bare.run("uninstall", agent);
    expect(existsSync(path.join(bare.home, SETTINGS[agent]))).toBe(false);
  },
);

test("settings that were changed meanwhile keep the change and lose our hooks alone", async () => {
  using home = openHome({ ".claude/settings.json": MINE });
  await home.run("install", "claude-code");
  const installed = home.read(".claude/settings.json");
  home.write(".claude/settings.json", installed.replace('"alpha": null', '"alpha": "new"'));
  await home.run("uninstall", "claude-code");
  expect(home.read(".claude/settings.json")).toBe(MINE.replace('"alpha": null', '"alpha": "new"'));
});

test.each([
  ["claude-code", '{"a": 1,}'],
  ["claude-code", '{"a": 1} // mine'],
  ["codex", "{oops"],
  ["qwen-code", "[]"],
] as const)(
  "%s settings that the agent itself would not take are named and not touched: %s",
  async (agent, text) => {
    using home = openHome({ [SETTINGS[agent]]: text });
    const { code, err } = await home.run("install", agent);
    expect(code).toBe(2);
    expect(err).toMatch(/^turnspan: .* is no valid JSON object.*, and was not touched: .*\n$/);
    expect(home.read(SETTINGS[agent])).toBe(text);
    expect(existsSync(home.data)).toBe(false);
  },
);

test("comments stay where the agent takes them", async () => {
  const text = '{\n  // mine\n  "a": 1, // too\n}\n';
  using home = openHome({ ".qwen/settings.json": text });
  await home.run("install", "qwen-code");
  const installed = home.read(".qwen/settings.json");
  expect(installed).toContain("// mine");
  expect(installed).toContain("// too");
  await home.run("uninstall", "qwen-code");
  expect(home.read(".qwen/settings.json")).toBe(text);
});

test("--dry-run shows the change and makes none", async () => {
  using home = openHome({ ".claude/settings.json": MINE });
  const { out } = await home.run("install", "claude-code", "--dry-run");
  expect(out).toMatch(/^\+ .*"SessionStart"/m);
  expect(home.read(".claude/settings.json")).toBe(MINE);
  expect(existsSync(home.data)).toBe(false);
});

test("--project writes the settings that others of the project do not get", async () => {
  using home = openHome();
  await home.run("install", "claude-code", "--project");
  expect(existsSync(path.join(home.home, "project/.claude/settings.local.json"))).toBe(true);
  expect(existsSync(path.join(home.home, "project/.claude/settings.json"))).toBe(false);
  const refused = await home.run("install", "codex", "--project");
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.err).toContain("Codex has no project settings that are yours alone");
  expect((await home.run("install", "hawa-code", "--project")).code).toBe(2);
});

const QWEN = '{\n  "telemetry": {\n    "enabled": true\n  },\n  "a": 1\n}\n';

test("Qwen Code gets the address that it would wait for, and loses it again", async () => {
  using home = openHome({ ".qwen/settings.json": QWEN });
  await home.run("install", "qwen-code");
  const installed = home.read(".qwen/settings.json");
  expect(JSON.parse(installed).telemetry).toEqual({ enabled: true, otlpEndpoint: "" });
  home.write(".qwen/settings.json", installed.replace('"a": 1', '"a": 2'));
  await home.run("uninstall", "qwen-code");
  expect(home.read(".qwen/settings.json")).toBe(QWEN.replace('"a": 1', '"a": 2'));
});

test.each([
  ["off", {}],
  ["sent somewhere", { enabled: true, otlpEndpoint: "http://collector:4318" }],
])("Qwen Code keeps its own telemetry that is %s", async (_, telemetry) => {
  using home = openHome({ ".qwen/settings.json": JSON.stringify({ telemetry }) });
  await home.run("install", "qwen-code");
  expect(JSON.parse(home.read(".qwen/settings.json")).telemetry).toEqual(telemetry);
});

test("with --http, events are posted to the server but for the one that names the process", async () => {
  using home = openHome();
  expect(await home.run("install", "claude-code", "--http")).toMatchObject({ code: 0 });
  const { hooks } = parse(home.read(".claude/settings.json"));
  expect(hooks["SessionStart"]?.[0]?.hooks[0]).toMatchObject({ type: "command" });
  expect(hooks["Stop"]?.[0]?.hooks).toEqual([
    { type: "http", url: "http://127.0.0.1:4318/turnspan/hooks/claude-code", timeout: 5 },
  ]);
  expect((await home.run("doctor", "claude-code")).code).toBe(0);
  // The other form takes its place.
  await home.run("install", "claude-code");
  expect(home.read(".claude/settings.json")).not.toContain('"http"');
  await home.run("uninstall", "claude-code");
  expect(existsSync(path.join(home.home, ".claude/settings.json"))).toBe(false);
  const refused = await home.run("install", "codex", "--http");
  expect(refused.err).toContain("Codex has no http hooks: leave --http out");
});

test("where sessions go is said; the token is nobody else's to read", async () => {
  using home = openHome();
  const to = ["--endpoint", "https://team.example:4318", "--token", "t-1"];
  const { out } = await home.run("install", "codex", ...to);
  expect(out).toContain("and without content to https://team.example:4318");
  const file = path.join(home.data, "capture/settings.json");
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ token: "t-1", content: "none" });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(home.read(".codex/hooks.json")).not.toContain("t-1");
});

test("a settings file that is a link elsewhere stays one", async () => {
  using home = openHome({ "dotfiles/claude.json": MINE, ".claude/other": "" });
  const link = path.join(home.home, ".claude/settings.json");
  symlinkSync(path.join(home.home, "dotfiles/claude.json"), link);
  await home.run("install", "claude-code");
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(home.read("dotfiles/claude.json")).toContain("capture.sh");
});

test("uninstall --all takes back every installation, and --purge the scripts too", async () => {
  using home = openHome({ ".claude/settings.json": MINE, ".qwen/settings.json": MINE });
  for (const agent of AGENTS) await home.run("install", agent);
  await home.run("install", "claude-code", "--project");
  expect(await home.run("uninstall", "--all", "--purge")).toMatchObject({ code: 0, err: "" });
  expect(home.read(".claude/settings.json")).toBe(MINE);
  expect(home.read(".qwen/settings.json")).toBe(MINE);
  expect(existsSync(path.join(home.home, ".codex/hooks.json"))).toBe(false);
  expect(existsSync(path.join(home.home, "project/.claude/settings.local.json"))).toBe(false);
  expect(existsSync(path.join(home.data, "capture"))).toBe(false);
});

test("doctor says whether an agent tells of its sessions, and what to do where it does not", async () => {
  using home = openHome({ ".claude/settings.json": MINE });
  const before = await home.run("doctor", "claude-code");
  expect(before.code).toBe(1);
  expect(before.out).toMatch(
    /^WARN Claude Code settings: .* has not all of our hooks\n {5}→ turnspan install claude-code$/m,
  );
  await home.run("install", "claude-code");
  const after = await home.run("doctor", "claude-code");
  expect(after.code).toBe(0);
  expect(after.out).toMatch(/^ok {3}Claude Code settings: /m);
  expect(after.out).toMatch(
    /^- {4}captured events: 0 captured events wait; no server runs\n {5}→ turnspan up$/m,
  );
  home.write(".claude/settings.json", "{oops");
  expect((await home.run("doctor", "claude-code")).out).toMatch(
    /^FAIL Claude Code settings: .* is no valid JSON object/m,
  );
});

test.each([
  [["install"], "name an agent: claude-code"],
  [["install", "vim"], "vim is not known: claude-code"],
  [["install", "codex", "gemini-cli"], "one agent at a time"],
  [["install", "codex", "--user", "--managed"], "exclude each other"],
  [["install", "codex", "--content", "all"], "--content all is not known"],
  [["install", "codex", "--token", "t"], "--token needs --endpoint"],
  [["install", "codex", "--endpoint", "team"], "--endpoint team is no http or https URL"],
  [["uninstall", "--purge"], "--purge needs --all"],
  [["uninstall", "codex", "--all"], "--all is all agents"],
])("turnspan %j says what is wrong", async (args, problem) => {
  using home = openHome();
  const { code, err } = await home.run(...args);
  expect(code).toBe(2);
  expect(err).toContain(problem);
  expect(err.trim().split("\n")).toHaveLength(1);
});

const COPILOT = ".copilot/hooks/turnspan.json";

test("copilot takes a word more: a file of hooks that is ours alone, gone when it is uninstalled", async () => {
  using home = openHome();
  const refused = await home.run("install", "copilot");
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("add --experimental") });
  expect(existsSync(path.join(home.home, COPILOT))).toBe(false);
  expect(await home.run("doctor", "copilot")).toMatchObject({ code: 1 });
  const { code, out } = await home.run("install", "copilot", "--experimental");
  expect(code).toBe(0);
  expect(out).toContain("tokens and cost are not told");
  const { version, hooks } = JSON.parse(home.read(COPILOT));
  expect(version).toBe(1);
  expect(Object.keys(hooks)).toContain("PreToolUse");
  for (const entries of Object.values(hooks)) {
    expect(entries).toEqual([
      { type: "command", bash: expect.stringContaining("copilot $PPID"), timeoutSec: 5 },
    ]);
  }
  expect((await home.run("install", "copilot", "--experimental")).out).toContain("has it all");
  expect((await home.run("doctor", "copilot")).out).toContain("has a hook for each event");
  expect(await home.run("uninstall", "copilot")).toMatchObject({ code: 0 });
  expect(existsSync(path.join(home.home, COPILOT))).toBe(false);
});

test("a file of that name that is somebody else's stays as it is", async () => {
  using home = openHome({ [COPILOT]: '{"version":1,"hooks":{}}' });
  const { code, err } = await home.run("install", "copilot", "--experimental");
  expect([code, err]).toEqual([2, expect.stringContaining("is not ours, and was not touched")]);
  await home.run("uninstall", "copilot");
  expect(home.read(COPILOT)).toBe('{"version":1,"hooks":{}}');
});

test("what one installation was told of content and endpoint stays until another is told", async () => {
  using home = openHome();
  const settings = () => JSON.parse(home.read("data/capture/settings.json"));
  const first = ["--content", "local", "--endpoint", "https://team.example", "--token", "T"];
  await home.run("install", "claude-code", ...first);
  const told = { content: "local", endpoint: "https://team.example", token: "T" };
  expect(settings()).toEqual(told);
  const { out } = await home.run("install", "codex");
  expect(settings()).toEqual(told);
  expect(out).toContain("and without content to https://team.example");
  await home.run("install", "codex", "--content", "none", "--endpoint", "none");
  expect(settings()).toEqual({ content: "none" });
});

test("a wrong option is said before anything is shown", async () => {
  using home = openHome();
  expect(await home.run("install", "codex", "--content", "all")).toMatchObject({
    code: 2,
    out: "",
  });
});

test("where nothing is installed, uninstalling all says so", async () => {
  using home = openHome();
  expect((await home.run("uninstall", "--all")).out).toBe("nothing is installed\n");
});
