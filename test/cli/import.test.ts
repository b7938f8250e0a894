import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { SessionList } from "../../src/server/api-types.ts";
import { type Case, fixture, openHome } from "../adapters/cli-agents/home.ts";
import { runTurnspan } from "../support/cli.ts";
import { attributesOf, type OtlpSpan, readOtlpLines } from "../support/otlp-lines.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { ALL, call, costJson, type Home } from "./cost-home.ts";

/** Every recorded situation of every agent. */
const CASES = (["claude-code", "qwen-code", "gemini-cli", "codex"] as const).flatMap((agent) =>
  readdirSync(join(fixture(`${agent}/tool`), "..")).map((name): Case => `${agent}/${name}`),
);

/** `turnspan import` of a home folder. */
const importHome = (home: Home, ...args: readonly string[]) =>
  runTurnspan(["import", ...args], {
    env: { ...home.env, TURNSPAN_DATA: join(home.path, "data") },
    cwd: home.path,
  });

async function importFile(home: Home, ...args: readonly string[]) {
  const out = join(home.path, "out.jsonl");
  const run = await importHome(home, "--out", out, ...args);
  return { run, ...readOtlpLines(out) };
}

const kindOf = (span: OtlpSpan): unknown => attributesOf(span)["turnspan.kind"];

/** A line a turn: its agent, its outcome, its tools and its calls. */
function turnsOf(spans: readonly OtlpSpan[]): string[] {
  return spans
    .filter((span) => kindOf(span) === "turn")
    .map((turn) => {
      const { "turnspan.turn.outcome": outcome, "error.type": error } = attributesOf(turn);
      const below = spans.filter(({ parentSpanId }) => parentSpanId === turn.spanId);
      const names = below.map(({ name }) => name.split(" ")[0]).sort();
      return [outcome, error, ...names].filter((part) => part !== undefined).join(" ");
    });
}

test.each(CASES)(
  "%s: every parent is there, every span once, and a second run writes the same",
  async (name) => {
    using home = openHome(name);
    home.age();
    const { run, spans, logs } = await importFile(home);
    expect(run).toMatchObject({ code: 0, err: "" });
    const ids = new Set(spans.map(({ spanId }) => spanId));
    expect(ids.size).toBe(spans.length);
    const parents = spans.flatMap(({ parentSpanId }) => parentSpanId ?? []);
    expect(parents.filter((id) => !ids.has(id))).toEqual([]);
    expect(spans.every((span) => attributesOf(span)["turnspan.source"] === "import")).toBe(true);
    for (const { startTimeUnixNano, endTimeUnixNano } of spans) {
      expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano));
    }
    expect(logs.length).toBeGreaterThan(0);
    expect(await importFile(home)).toEqual({
      run,
      spans,
      logs,
      keys: expect.anything(),
      metrics: [],
    });
  },
);

test("turns end as the transcripts say, with the tools and calls they made", async () => {
  const told: Record<string, string[]> = {};
  for (const name of CASES.filter((each) => /blocked|fail500|tool$|\/subagent/.test(each))) {
    using home = openHome(name);
    home.age();
    told[name] = turnsOf((await importFile(home)).spans);
  }
  expect(told).toMatchInlineSnapshot(`
    {
      "claude-code/fail500": [
        "failed server_error",
      ],
      "claude-code/subagent": [
        "completed chat chat execute_tool",
        "completed chat",
        "completed chat chat execute_tool",
      ],
      "claude-code/tool": [
        "completed chat chat execute_tool",
      ],
      "codex/blocked": [
        "completed chat",
        "blocked",
        "completed chat chat execute_tool",
      ],
      "codex/fail500": [
        "failed internal_server_error",
      ],
      "codex/subagent": [
        "completed chat chat execute_tool",
      ],
      "codex/tool": [
        "completed chat chat execute_tool",
      ],
      "gemini-cli/fail500": [
        "failed _OTHER",
      ],
      "gemini-cli/subagent": [
        "completed chat chat execute_tool",
        "completed chat chat execute_tool",
      ],
      "gemini-cli/tool": [
        "completed chat chat execute_tool",
      ],
      "qwen-code/fail500": [
        "failed InternalServerError",
      ],
      "qwen-code/subagent": [
        "completed chat",
        "completed chat chat chat execute_tool",
        "completed chat chat execute_tool",
      ],
      "qwen-code/tool": [
        "completed chat chat execute_tool",
      ],
    }
  `);
});

test("no metric and no content goes out, unless content is asked for", async () => {
  using home = openHome("claude-code/tool");
  const { metrics, spans } = await importFile(home);
  expect(metrics).toEqual([]);
  expect(JSON.stringify(spans)).not.toContain("DOTOOL");
  expect(JSON.stringify((await importFile(home, "--content", "export")).spans)).toContain("DOTOOL");
  expect(JSON.stringify((await importFile(home, "--content", "local")).spans)).not.toContain(
    "DOTOOL",
  );
});

async function totalsOf(server: TestServer) {
  const { sessions } = await server.ask<SessionList>("/api/sessions?limit=100");
  const sum = (read: (totals: SessionList["sessions"][number]["totals"]) => number) =>
    sessions.reduce((known, { totals }) => known + read(totals), 0);
  return {
    sessions: sessions.length,
    turns: sessions.reduce((known, { turns }) => known + turns, 0),
    calls: sum(({ modelCalls }) => modelCalls),
    inputTokens: sum(({ inputTokens }) => inputTokens),
    outputTokens: sum(({ outputTokens }) => outputTokens),
    nanoUsd: sum(({ nanoUsd }) => nanoUsd),
    unknownPriceCalls: sum(({ unknownCostCalls }) => unknownCostCalls),
  };
}

test("the server's figures are those of turnspan cost, also when everything is sent twice", async () => {
  await using server = await startTestServer();
  using home = openHome(...ALL);
  home.age();
  const endpoint = ["--endpoint", server.server.otlpUrl];
  const first = await importHome(home, ...endpoint, "--json");
  expect(first).toMatchObject({ code: 0, err: "" });
  const stored = await totalsOf(server);
  const { total } = await costJson(home);
  expect(stored).toMatchObject({
    calls: total.calls,
    inputTokens: total["inputTokens"],
    outputTokens: total["outputTokens"],
    nanoUsd: Math.round((total.costUsd ?? 0) * 1e9),
    unknownPriceCalls: total.unknownPriceCalls,
  });
  expect(JSON.parse(first.out)).toMatchObject({ costUsd: total.costUsd });

  const again = JSON.parse((await importHome(home, ...endpoint, "--json")).out);
  expect(again).toMatchObject({ sessionsRead: 0, records: 0 });
  const replaced = JSON.parse((await importHome(home, ...endpoint, "--json", "--replace")).out);
  expect(replaced.records).toBe(JSON.parse(first.out).records);
  expect(await totalsOf(server)).toEqual(stored);
});

test("a session that went on is imported again and adds only what is new", async () => {
  await using server = await startTestServer();
  using home = openHome();
  const endpoint = ["--endpoint", server.server.otlpUrl, "--json"];
  const lines = [1, 2, 3].map((hour) => call({ at: `2026-11-20T0${hour}:00:00Z` }));
  home.write(".claude/projects/p/s1.jsonl", lines.slice(0, 2).join(""));
  await importHome(home, ...endpoint);
  expect(await totalsOf(server)).toMatchObject({ sessions: 1, calls: 2 });
  home.write(".claude/projects/p/s1.jsonl", lines.join(""));
  expect(JSON.parse((await importHome(home, ...endpoint)).out)).toMatchObject({ sessionsRead: 1 });
  expect(await totalsOf(server)).toMatchObject({ sessions: 1, calls: 3 });
});

test("a turn that still runs is left for the next import", async () => {
  using home = openHome();
  const prompt = JSON.stringify({
    ...{ type: "user", uuid: "u1", userType: "external", sessionId: "s1", promptId: "p1" },
    ...{ timestamp: "2026-11-21T11:59:00Z", message: { role: "user", content: "go" } },
  });
  home.write(".claude/projects/p/s1.jsonl", `${prompt}\n`, "2026-11-21T11:59:00Z");
  const { run, spans } = await importFile(home, "--json").catch(() => ({
    run: undefined,
    spans: [],
  }));
  expect(spans).toEqual([]);
  expect(run === undefined || JSON.parse(run.out).sessionsRunning === 1).toBe(true);
  home.write(".claude/projects/p/s1.jsonl", `${prompt}\n`, "2026-11-21T11:40:00Z");
  expect(turnsOf((await importFile(home)).spans)).toEqual(["abandoned abandoned"]);
});

test("files of nobody's are named and skipped, and so is a folder without any", async () => {
  using home = openHome("codex/tool");
  home.write("files/other.jsonl", '{"a": 1}\n');
  const run = await importHome(home, "--out", join(home.path, "out"), join(home.path, "files"));
  expect(run.code).toBe(1);
  expect(run.err).toContain("no transcripts found");
  const both = await importHome(home, "--out", join(home.path, "out"), home.path);
  expect(both.code).toBe(1);
  expect(both.err).toContain("other.jsonl");
  expect(both.out).toContain("1 completed");
});

test.each([
  [["--host", "emacs"], "--host emacs is not known"],
  [["--content", "all"], "--content all is not known"],
  [["--since", "yesterday"], "--since"],
  [["--out", "a", "--endpoint", "http://b"], "exclude each other"],
])("%s is refused with what would be right", async (args, said) => {
  using home = openHome("codex/tool");
  const { code, err } = await importHome(home, ...args);
  expect(code).toBe(2);
  expect(err).toContain(said);
});

test("nobody at the endpoint is said before anything is read", async () => {
  using home = openHome("codex/tool");
  const { code, err } = await importHome(home, "--endpoint", "http://127.0.0.1:9");
  expect(code).toBe(2);
  expect(err).toContain("does not answer");
});
