import path from "node:path";
import { expect, test } from "vitest";
import { openHome } from "../adapters/cli-agents/home.ts";
import { ALL, call, cost, costJson, openCalls, type Row } from "./cost-home.ts";

test("what the agents left is shown by day, with what it cost, what is not known and what was read", async () => {
  using home = openHome(...ALL);
  const { code, out, err } = await cost(home);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toBe(`Model calls of CLI agents, by day (UTC)

day         calls  input  cache read  cache write  output                 cost
2026-11-21     45  56.3K       13.8K           4K    2.7K  $0.1514 + 9 unknown
total          45  56.3K       13.8K           4K    2.7K  $0.1514 + 9 unknown

API list price; your plan may bill differently.

9 calls of unknown price are in no cost figure.
Add a price, in US dollars per million tokens:
  turnspan prices add qwen3-coder-plus --input USD --output USD

15 transcripts read, 0.1 MB
`);
});

test.each(["day", "model", "project", "branch", "agent", "session"])(
  "the rows by %s add up to the same total",
  async (by) => {
    using home = openHome(...ALL);
    const byDay = await costJson(home);
    const { rows, total } = await costJson(home, "--by", by);
    expect(total).toEqual(byDay.total);
    const fields = Object.keys(total).filter((field) => field !== "costUsd");
    for (const field of fields) {
      const sum = rows.reduce((known, row) => known + Number(row[field]), 0);
      expect(`${field} ${sum}`).toBe(`${field} ${total[field]}`);
    }
    const nano = (row: Row): number => Math.round((row.costUsd ?? 0) * 1e9);
    expect(rows.reduce((sum, row) => sum + nano(row), 0)).toBe(nano(total));
  },
);

test("--json has one shape, whatever it is asked by", async () => {
  using home = openHome("claude-code/subagent");
  const { code, out } = await cost(home, "--json", "--by", "agent", "--since", "2026-11-21");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual({
    version: 1,
    by: "agent",
    timezone: "UTC",
    since: "2026-11-21T00:00:00.000Z",
    rows: [
      {
        agent: "claude-code",
        subagent: null,
        calls: 5,
        inputTokens: 7577,
        outputTokens: 327,
        cacheReadTokens: 1500,
        cacheWriteTokens: 1000,
        cacheWrite1hTokens: 0,
        reasoningTokens: 0,
        costUsd: 0.032148,
        unknownPriceCalls: 0,
      },
      {
        agent: "claude-code",
        subagent: "general-purpose",
        calls: 2,
        inputTokens: 3028,
        outputTokens: 128,
        cacheReadTokens: 600,
        cacheWriteTokens: 400,
        cacheWrite1hTokens: 0,
        reasoningTokens: 0,
        costUsd: 0.012792,
        unknownPriceCalls: 0,
      },
    ],
    total: {
      calls: 7,
      inputTokens: 10605,
      outputTokens: 455,
      cacheReadTokens: 2100,
      cacheWriteTokens: 1400,
      cacheWrite1hTokens: 0,
      reasoningTokens: 0,
      costUsd: 0.04494,
      unknownPriceCalls: 0,
    },
    unknownPrices: [],
    notice: "API list price; your plan may bill differently.",
    read: {
      files: 2,
      filesTooOld: 0,
      bytes: expect.any(Number),
      places: expect.arrayContaining([
        { path: path.join(home.path, ".claude/projects"), agent: "claude-code", files: 2 },
        { path: path.join(home.path, ".codex/sessions"), agent: "codex", files: 0 },
      ]),
      brokenLines: [],
      unreadable: [],
      foreign: [],
    },
  });
});

test("each way of asking has its own keys", async () => {
  using home = openHome("claude-code/subagent");
  const keys: Record<string, unknown> = {};
  for (const by of ["day", "model", "project", "branch", "session"]) {
    const { rows } = await costJson(home, "--by", by);
    const { calls: _, ...row } = rows[0] ?? { calls: 0 };
    keys[by] = Object.fromEntries(
      Object.entries(row).filter(([, value]) => typeof value === "string"),
    );
  }
  expect(keys).toEqual({
    day: { day: "2026-11-21" },
    model: { model: "claude-opus-5-5", provider: "anthropic" },
    project: { project: "/LAB/proj-cc" },
    branch: { project: "/LAB/proj-cc", branch: "master" },
    session: {
      session: "8928c564-b719-4098-ac69-ca9df0dd4398",
      agent: "claude-code",
      project: "/LAB/proj-cc",
      firstCall: "2026-11-21T07:46:23.798Z",
      lastCall: "2026-11-21T07:46:28.025Z",
    },
  });
});

test("a project is its repository's root, and its worktrees are joined with it", async () => {
  using home = openHome();
  home.write("repo/.git/HEAD", "ref: refs/heads/main");
  home.write("repo/.git/worktrees/other/commondir", "../..");
  home.write("other/.git", `gitdir: ${path.join(home.path, "repo/.git/worktrees/other")}`);
  const at = "2026-11-21T08:00:00Z";
  const calls = ["repo/src", "other", "plain"].map((folder, index) =>
    call({ at, session: `s${index}`, cwd: path.join(home.path, folder), branch: folder }),
  );
  home.write(".claude/projects/p/s.jsonl", calls.join(""));
  const { rows } = await costJson(home, "--by", "project");
  expect(rows.map((row) => [row["project"], row.calls])).toEqual([
    [path.join(home.path, "repo"), 2],
    [path.join(home.path, "plain"), 1],
  ]);
  const byBranch = await costJson(home, "--by", "branch");
  expect(byBranch.rows.map((row) => row["branch"]).sort()).toEqual(["other", "plain", "repo/src"]);
});

test("a session's project is where it began, whatever folders it goes to", async () => {
  using home = openCalls(
    { at: "2026-11-21T09:00:00Z", cwd: "/elsewhere" },
    { at: "2026-11-21T08:00:00Z", cwd: "/srv/app" },
  );
  const { rows } = await costJson(home, "--by", "project");
  expect(rows.map((row) => [row["project"], row.calls])).toEqual([["/srv/app", 2]]);
});

test("of more than fifty rows the dearest are shown, and the rest as one", async () => {
  using home = openHome();
  const calls = Array.from({ length: 60 }, (_, index) =>
    call({
      at: "2026-11-21T08:00:00Z",
      session: `s${index}`,
      usage: { input_tokens: (index + 1) * 1000, output_tokens: 0 },
    }),
  );
  home.write(".claude/projects/p/s.jsonl", calls.join(""));
  const { out } = await cost(home, "--by", "session");
  expect(out.split("\n").filter((line) => /^s\d+ /.test(line))).toHaveLength(50);
  expect(out).toMatch(/^10 more \(see --json\) +10 +55K .*\$0\.2750$/m);
  expect((await costJson(home, "--by", "session")).rows).toHaveLength(60);
});

test("what others wrote cannot write to the terminal", async () => {
  using home = openCalls({
    at: "2026-11-21T08:00:00Z",
    model: "m\u001b[31m\u0007odel\u202e",
    branch: "b\nr",
  });
  const { out } = await cost(home, "--by", "model");
  expect(out).toContain("m[31model ");
  expect((await cost(home, "--by", "branch")).out).toMatch(/^br /m);
});
