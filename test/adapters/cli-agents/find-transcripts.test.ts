import { mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { findTranscripts } from "../../../src/adapters/cli-agents/find-transcripts.ts";
import { fixture, openHome, readHome } from "./home.ts";

const find = (env: Readonly<Record<string, string>>, paths: readonly string[] = []) =>
  findTranscripts({ env, paths, signal: new AbortController().signal });

test("each agent's own folders are searched, and those that its environment names instead", async () => {
  const places = async (env: Readonly<Record<string, string>>) =>
    (await find(env)).places.map(({ agent, path: place }) => `${agent?.id} ${place}`);
  expect(await places({ HOME: "/h" })).toEqual([
    "claude-code /h/.claude/projects",
    "claude-code /h/.config/claude/projects",
    "hawa-code /h/.hcode/projects",
    "qwen-code /h/.qwen/projects",
    "gemini-cli /h/.gemini/tmp",
    "codex /h/.codex/sessions",
    "codex /h/.codex/archived_sessions",
  ]);
  const named = {
    HOME: "/h",
    CLAUDE_CONFIG_DIR: "/cc",
    QWEN_HOME: "/qw",
    GEMINI_CLI_HOME: "/gm",
    CODEX_HOME: "/cx",
  };
  expect(await places(named)).toEqual([
    "claude-code /cc/projects",
    "hawa-code /h/.hcode/projects",
    "qwen-code /qw/projects",
    "gemini-cli /gm/.gemini/tmp",
    "codex /cx/sessions",
    "codex /cx/archived_sessions",
  ]);
  expect(await places({ USERPROFILE: "/u", QWEN_HOME: "/qw", QWEN_RUNTIME_DIR: "/rt" })).toContain(
    "qwen-code /rt/projects",
  );
  expect(await places({})).toEqual([]);
});

test("the files of a session and its subagents are one unit, and sessions come by their last change", async () => {
  using home = openHome();
  const line = '{"type":"x"}\n';
  home.write(".claude/projects/p/late.jsonl", line, "2026-11-03T00:00:00Z");
  home.write(".claude/projects/p/late/subagents/agent-1.jsonl", line, "2026-11-01T00:00:00Z");
  home.write(".claude/projects/p/early.jsonl", line, "2026-11-01T00:00:00Z");
  home.write(".claude/projects/p/early/subagents/agent-2.jsonl", line, "2026-11-02T00:00:00Z");
  home.write(".claude/projects/p/early/subagents/agent-2.meta.json", "{}");
  const { sessions } = await find(home.env);
  expect(sessions.map(({ files }) => files.map((file) => path.basename(file.path)))).toEqual([
    ["early.jsonl", "agent-2.jsonl"],
    ["late.jsonl", "agent-1.jsonl"],
  ]);
  expect(sessions.map(({ modifiedMs }) => new Date(modifiedMs).toISOString())).toEqual([
    "2026-11-02T00:00:00.000Z",
    "2026-11-03T00:00:00.000Z",
  ]);
});

test("a folder that is a link is followed where it is an agent's own, not below it", async () => {
  using home = openHome();
  home.write("elsewhere/p/s1.jsonl", '{"type":"x"}\n');
  mkdirSync(path.join(home.path, ".claude"));
  symlinkSync(path.join(home.path, "elsewhere"), path.join(home.path, ".claude/projects"));
  symlinkSync(path.join(home.path, "elsewhere"), path.join(home.path, "elsewhere/loop"));
  expect((await find(home.env)).sessions).toHaveLength(1);
});

test.each([
  ["claude-code/tool", 2],
  ["claude-code/version-2.0", 9],
  ["qwen-code/subagent", 9],
  ["gemini-cli/subagent", 7],
  ["codex/fork", 4],
  ["codex/version-0.80", 7],
] as const)("a named folder's transcripts are told by their lines: %s", async (name, calls) => {
  const read = await readHome({}, [fixture(name)]);
  expect(read.calls.map(({ agent }) => agent)).toEqual(
    Array.from({ length: calls }, () => name.slice(0, name.indexOf("/"))),
  );
});

test("one file can be named, whatever it is called", async () => {
  using home = openHome();
  const folder = `${fixture("codex/tool")}/sessions/2026/11/21`;
  const [name = ""] = readdirSync(folder);
  const copy = home.write("mine.jsonl", readFileSync(path.join(folder, name)));
  expect((await readHome({}, [copy])).calls).toHaveLength(2);
});

test("files in a named place that are nobody's transcripts are listed, and other files are not looked at", async () => {
  using home = openHome();
  const foreign = home.write("place/data.jsonl", '{"id":1}\n{"id":2}\n');
  const empty = home.write("place/empty.jsonl", "");
  home.write("place/readme.md", "# hello");
  const found = await find({}, [path.join(home.path, "place")]);
  expect(found.foreign).toEqual([foreign, empty]);
  expect(found.sessions).toEqual([]);
});
