import { afterAll, beforeAll, expect, test } from "vitest";
import type { ErrorReport } from "../../src/server/api-report-types.ts";
import type { TraceDetail } from "../../src/server/api-trace-types.ts";
import type { SessionList, TurnList } from "../../src/server/api-types.ts";
import { playRecording } from "../server/play.ts";
import { makeSpan, traceRequest } from "../server/requests.ts";
import { type CliRun, runTurnspan } from "../support/cli.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let costUsd: number;

beforeAll(async () => {
  server = await startTestServer();
  const records = await playRecording(server);
  costUsd = records
    .filter(({ eventName }) => eventName === "session.end")
    .reduce((sum, { attributes }) => sum + Number(attributes["turnspan.session.cost.usd"] ?? 0), 0);
});
afterAll(() => server[Symbol.asyncDispose]());

const run = (...args: string[]): Promise<CliRun> => runTurnspan([...args, "--data", server.folder]);

async function runJson<Answer>(...args: string[]): Promise<Answer> {
  const { code, out, err } = await run(...args, "--json");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out) as Answer;
}

const linesOf = (text: string): string[] => text.trimEnd().split("\n");
const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0);

test("sessions are a line each, and their cost is the records'", async () => {
  const { sessions } = await runJson<SessionList>("sessions");
  const { out } = await run("sessions");
  expect(linesOf(out)).toHaveLength(sessions.length + 1);
  expect(linesOf(out)[0]).toMatch(
    /^ID +STATE +LAST SEEN +TITLE +AGENT +PROJECT +TURNS +FAILED +COST$/,
  );
  expect(sum(sessions.map(({ totals }) => totals.nanoUsd)) / 1e9).toBeCloseTo(0.001386, 12);
  expect(costUsd).toBeCloseTo(0.001386, 12);
});

test("turns can be chosen by session and by state", async () => {
  const failed = await runJson<TurnList>("turns", "--state", "failed");
  expect(failed.turns).toMatchObject([{ state: "failed", agent: "main" }]);
  const { out } = await run("turns", "agent:main:main", "--limit", "3");
  expect(linesOf(out)).toHaveLength(4);
});

test("a trace is shown by its turn and by its own id, as a tree, with why it failed", async () => {
  const { turns } = await runJson<TurnList>("turns", "--state", "failed");
  const [turn] = turns;
  const byTurn = await run("trace", turn?.id ?? "");
  const byTrace = await run("trace", turn?.traceId ?? "");
  expect(byTrace.out).toBe(byTurn.out);
  expect(byTurn.out).toMatch(/invoke_agent main +failed: LLM request failed/);
  expect(byTurn.out).toContain("· chat mock-b");
  const detail = await runJson<TraceDetail>("trace", turn?.traceId ?? "");
  const lines = linesOf(byTurn.out);
  const head = lines.findIndex((line) => line.includes("AFTER"));
  expect(lines.slice(head + 1)).toHaveLength(detail.spans.length);
});

test("errors are grouped by what failed", async () => {
  const report = await runJson<ErrorReport>("errors", "--since", "2026-11-01");
  expect(report.groups.map(({ kind, count }) => [kind, count]).sort()).toEqual([
    ["model_call", 1],
    ["turn", 1],
  ]);
  const { out } = await run("errors", "--since", "2026-11-01");
  expect(linesOf(out)).toHaveLength(3);
});

test("what others wrote cannot move a terminal's cursor", async () => {
  const attributes = {
    "gen_ai.operation.name": "chat",
    "session.id": "\u001b[2Jevil\u202etxt",
    "gen_ai.agent.name": "\u001b]0;title\u0007agent",
  };
  await server.send("traces", traceRequest([makeSpan({ attributes })]));
  const { out } = await run("sessions", "--limit", "200");
  expect(out).toContain("evil");
  expect(["\u001b", "\u0007", "\u202e"].filter((character) => out.includes(character))).toEqual([]);
});

test("wrong words, unknown ids, a wrong token and no server are told apart", async () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [["trace"], /one TURN or TRACE is needed/],
    [["trace", "0".repeat(32)], /not known/],
    [["turns", "--state", "odd"], /state/],
    [["errors", "--since", "yesterday"], /--since yesterday is no time/],
    [["sessions", "--token", "wrong"], /read token/],
    [["sessions", "--url", "http://127.0.0.1:9"], /no server answers at http:\/\/127\.0\.0\.1:9/],
  ];
  for (const [args, problem] of cases) {
    const { code, err } = await run(...args);
    expect({ args, code }).toEqual({ args, code: 2 });
    expect(err).toMatch(problem);
    expect(linesOf(err)).toHaveLength(1);
  }
});

test.each(["up", "service", "sessions", "turns", "trace", "errors"])(
  "turnspan %s --help says how it is used",
  async (command) => {
    const { code, out } = await runTurnspan([command, "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^Usage: turnspan ${command}`));
  },
);
