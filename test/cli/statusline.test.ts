import path from "node:path";
import { expect, test } from "vitest";
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

const statusline = (home: Home, input: string, ...args: readonly string[]) =>
  runTurnspan(["statusline", "--timezone", "UTC", ...args], {
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
  expect((await statusline(home, INPUT, "--with", own)).out).toMatch(/^\[Opus\] · \$5\.00 session/);
  expect(await statusline(home, INPUT, "--with", "exit 3")).toMatchObject({
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
