import path from "node:path";
import { expect, test } from "vitest";
import { runCli } from "../../src/cli/run.ts";
import { openHome } from "../adapters/cli-agents/home.ts";
import { runTurnspan } from "../support/cli.ts";
import { ALL, call, cost, costJson } from "./cost-home.ts";

test("files that were last changed before are not read, unless another of their session was", async () => {
  using home = openHome();
  const write = (name: string, at: string, changed: string): string =>
    home.write(`.claude/projects/p/${name}`, call({ at, session: name.slice(0, 2) }), changed);
  write("s1.jsonl", "2026-11-10T08:00:00Z", "2026-11-10T09:00:00Z");
  write("s2.jsonl", "2026-11-21T08:00:00Z", "2026-11-21T09:00:00Z");
  write("s2/subagents/agent-1.jsonl", "2026-11-10T08:00:00Z", "2026-11-10T08:00:00Z");
  const { total, read } = await costJson(home, "--today");
  expect(total.calls).toBe(1);
  expect(read).toMatchObject({ files: 2, filesTooOld: 1 });
});

test("broken lines are skipped and counted, their files named, and the exit code says so", async () => {
  using home = openHome("codex/tool");
  const broken = home.write(
    ".claude/projects/p/s1.jsonl",
    `${call({ at: "2026-11-21T08:00:00Z" })}{broken\n{"usage":}\n${call({ at: "2026-11-21T08:00:01Z" })}`,
  );
  const { code, out, err } = await cost(home);
  expect(code).toBe(1);
  expect(err).toBe(`turnspan: skipped: ${broken}: 2 broken lines\n`);
  expect(out).toMatch(/^total +4 /m);
  const { read } = await costJson(home);
  expect(read["brokenLines"]).toEqual([{ file: broken, lines: 2 }]);
});

test("where nothing is found, it says where it looked and what to do", async () => {
  using home = openHome();
  const { code, out, err } = await cost(home);
  expect([code, out]).toEqual([1, ""]);
  expect(err).toBe(`turnspan: no transcripts found. Looked in:
  ${home.path}/.claude/projects (Claude Code)
  ${home.path}/.config/claude/projects (Claude Code)
  ${home.path}/.hcode/projects (Hawa Code)
  ${home.path}/.qwen/projects (Qwen Code)
  ${home.path}/.gemini/tmp (Gemini CLI)
  ${home.path}/.codex/sessions (Codex)
  ${home.path}/.codex/archived_sessions (Codex)
Run one of these agents once, or name where its transcripts are by --path.
`);
});

test("without a home folder, it says that there is none", async () => {
  const { code, err } = await runTurnspan(["cost"]);
  expect([code, err]).toEqual([1, expect.stringContaining("HOME names no folder to look in.")]);
});

test("transcripts without a call in the time asked for are no calls, and no mistake", async () => {
  using home = openHome("codex/tool");
  const { code, out } = await cost(home, "--since", "2027-01-01");
  expect(code).toBe(0);
  expect(out).toContain("No model calls.");
  expect(out).toContain("0 transcripts read, 0 MB; 1 older one left out");
});

test("--path reads a file or a folder instead, relative to where one is, and names what is no transcript", async () => {
  using home = openHome("codex/tool");
  home.write("saved/one.jsonl", call({ at: "2026-11-21T08:00:00Z" }));
  const foreign = home.write("saved/other.jsonl", '{"a":1}\n');
  const { code, out, err } = await cost(home, "--path", "saved", "--json");
  expect(JSON.parse(out)).toMatchObject({
    total: { calls: 1, costUsd: 5 },
    read: { places: [{ path: path.join(home.path, "saved"), agent: null, files: 1 }] },
  });
  expect(code).toBe(1);
  expect(err).toBe(`turnspan: no transcript of an agent known here, skipped: ${foreign}\n`);
  const both = await cost(home, "--path", "saved/one.jsonl", "--path", ".codex", "--json");
  expect(JSON.parse(both.out)).toMatchObject({ total: { calls: 3 } });
  expect(both.code).toBe(0);
});

test("Ctrl-C ends it at once, with no figures", async () => {
  using home = openHome(...ALL);
  const texts = { out: "", err: "" };
  const controller = new AbortController();
  const code = await runCli(["cost"], {
    env: home.env,
    cwd: home.path,
    stdout: { write: (text) => (texts.out += text) },
    stderr: { write: (text) => (texts.err += text) },
    now: () => {
      controller.abort(new Error("interrupted"));
      return Date.parse("2026-11-21T12:00:00Z");
    },
    fetch: globalThis.fetch,
    signal: controller.signal,
  });
  expect([code, texts]).toEqual([130, { out: "", err: "turnspan: interrupted\n" }]);
});

test("a terminal sees how far it is after two seconds, and nothing of it afterwards", async () => {
  using home = openHome();
  const padding = "x".repeat(1000);
  const lines = Array.from({ length: 3000 }, () => JSON.stringify({ type: "user", padding }));
  home.write(
    ".claude/projects/p/s1.jsonl",
    `${lines.join("\n")}\n${call({ at: "2026-11-21T08:00:00Z" })}`,
  );
  let now = 0;
  let err = "";
  await runCli(["cost", "--timezone", "UTC"], {
    env: home.env,
    cwd: home.path,
    stdout: { write: () => true },
    stderr: { write: (text) => (err += text), isTTY: true },
    now: () => (now += 1500),
    fetch: globalThis.fetch,
    signal: new AbortController().signal,
  });
  expect(err).toMatch(/^\r\d MB, \d+ a second/);
  expect(err.endsWith("\r\x1b[K")).toBe(true);
});

test.each([
  [["--by", "week"], "--by week is not known: one of day, model, project, branch, agent, session"],
  [["--today", "--week"], "--today, --week and --since exclude each other"],
  [["--since", "yesterday"], '--since "yesterday" is no date'],
  [["--since", "2026-02-30"], '--since "2026-02-30" is no date'],
  [["--since", "2026-11-21T09:30:00"], "is no date; write 2026-11-21 or 2026-11-21T09:30:00Z"],
  [["--timezone", "Mars/Base"], '--timezone "Mars/Base" is not known; write it as Europe/Berlin'],
  [["today"], "today is no option"],
  [["--weekly"], "Unknown option '--weekly'"],
] as const)("wrong use %j gives one clear line", async (args, line) => {
  const { code, err, out } = await runTurnspan(["cost", ...args]);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toContain(line);
  expect(err.trimEnd().split("\n")).toHaveLength(1);
});
