import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { CliContext } from "../../src/cli/context.ts";
import { SqliteLedger } from "../../src/hooks/runners/budget/sqlite-ledger.ts";
import { openHome } from "../adapters/cli-agents/home.ts";
import { runTurnspan } from "../support/cli.ts";
import { call, costJson, type Home } from "./cost-home.ts";

const NOW = "2026-11-21T11:00:00Z";

/** A session of $5 today and one of $10, of which half was yesterday. */
function openDay(): Home {
  const home = openHome();
  const today = { at: "2026-11-21T10:00:00Z" };
  home.write(".claude/projects/a/s1.jsonl", call(today), NOW);
  const both =
    call({ ...today, session: "s2" }) + call({ at: "2026-11-20T10:00:00Z", session: "s2" });
  home.write(".claude/projects/a/s2.jsonl", both, NOW);
  return home;
}

const statusline = (
  home: Home,
  input: string,
  more: Pick<CliContext, "startDetached"> = {},
  ...args: readonly string[]
) =>
  runTurnspan(["statusline", "--timezone", "UTC", ...args], {
    ...more,
    env: { ...home.env, PATH: process.env["PATH"], TURNSPAN_DATA: path.join(home.path, "data") },
    cwd: home.path,
    stdin: (async function* () {
      yield Buffer.from(input);
    })(),
  });

const INPUT = JSON.stringify({
  session_id: "s1",
  model: { display_name: "Opus" },
  context_window: { used_percentage: 37.6 },
});

test("it says what the session and the day cost, as turnspan cost does, and how full the context is", async () => {
  using home = openDay();
  expect(await statusline(home, INPUT)).toEqual({
    code: 0,
    out: "$5.00 session · $10.00 today · 38 % context\n",
    err: "",
  });
  expect((await costJson(home, "--today")).total.costUsd).toBe(10);
});

test("a session that began yesterday costs what all of it cost", async () => {
  using home = openDay();
  expect((await statusline(home, INPUT.replace("s1", "s2"))).out).toBe(
    "$10.00 session · $10.00 today · 38 % context\n",
  );
});

test("of the budgets that are this session's it says what is left of the tightest", async () => {
  using home = openDay();
  const folder = path.join(home.path, "data");
  using ledger = await SqliteLedger.open(folder, Date.parse(NOW));
  const use = (name: string, per: "day" | "agent" | "session", owner: string, usd: number) => {
    const budget = { id: name, name, source: "config.json", per: [per], usd: 20, warnAt: 0.8 };
    ledger.announce({ ...budget, timeZone: "UTC" }, Date.parse(NOW));
    ledger.change({ budget: name, owner }, { nanoUsd: usd * 1e9 }, Date.parse(NOW));
  };
  use("daily", "day", "day 2026-11-21", 4.5);
  expect((await statusline(home, INPUT)).out).toBe(
    "$5.00 session · $10.00 today · $15.50 of daily left · 38 % context\n",
  );
  use("other", "agent", "agent codex", 19);
  use("each", "session", "session claude-code:s1 (1, s1)", 8);
  rmSync(path.join(folder, "statusline.json"));
  expect((await statusline(home, INPUT)).out).toContain(" · $12.00 of each left · ");
  expect((await statusline(home, INPUT.replace("s1", "s2"))).out).toContain("of daily left");
  use("daily", "day", "day 2026-11-21", 20);
  rmSync(path.join(folder, "statusline.json"));
  expect((await statusline(home, INPUT)).out).toContain(" · daily used up · ");
});

test("where it can be read in the background old figures are shown, and read once", async () => {
  using home = openDay();
  const started: string[][] = [];
  const run = () => statusline(home, INPUT, { startDetached: (args) => started.push([...args]) });
  await statusline(home, INPUT);
  home.write(
    ".claude/projects/a/s3.jsonl",
    call({ at: "2026-11-21T10:00:00Z", session: "s3" }),
    NOW,
  );
  expect([(await run()).out, started]).toEqual([expect.stringContaining("$10.00 today"), []]);
  const file = path.join(home.path, "data/statusline.json");
  const kept = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, JSON.stringify({ ...kept, readMs: kept.readMs - 60_000 }));
  expect((await run()).out).toContain("$10.00 today");
  expect((await run()).out).toContain("$10.00 today");
  expect(started).toEqual([["statusline", "--refresh", "--timezone", "UTC"]]);
  expect(await statusline(home, INPUT, {}, ...["--refresh"])).toMatchObject({ code: 0, out: "" });
  expect((await run()).out).toContain("$15.00 today");
  expect(started).toHaveLength(1);
});

test("what was read a moment ago is not read again", async () => {
  using home = openDay();
  await statusline(home, INPUT);
  home.write(
    ".claude/projects/a/s3.jsonl",
    call({ at: "2026-11-21T10:00:00Z", session: "s3" }),
    NOW,
  );
  expect((await statusline(home, INPUT)).out).toContain("$10.00 today");
});

test("the user's own line stands before ours, made of the same input; one that fails is left out", async () => {
  using home = openDay();
  const own = `sed 's/.*"display_name":"\\([^"]*\\)".*/[\\1]/'`;
  expect((await statusline(home, INPUT, {}, "--with", own)).out).toMatch(
    /^\[Opus\] · \$5\.00 session/,
  );
  expect(await statusline(home, INPUT, {}, "--with", "exit 3")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^\$5\.00 session/),
  });
});

test.each(["", "{oops", '{"session_id":7,"context_window":null}'])(
  "without an input that says anything there is the day alone: %j",
  async (input) => {
    using home = openDay();
    expect(await statusline(home, input)).toEqual({ code: 0, out: "$10.00 today\n", err: "" });
  },
);
