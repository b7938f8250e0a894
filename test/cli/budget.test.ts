import { expect, test } from "vitest";
import type { HooksConfigInput } from "../../src/hooks/config/schema.ts";
import { SqliteLedger } from "../../src/hooks/runners/budget/sqlite-ledger.ts";
import { createTurnspan } from "../../src/turnspan.ts";
import { startConfigured } from "../hooks/configured.ts";
import { runTurnspan } from "../support/cli.ts";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const price = (call: { readonly usage: { readonly inputTokens?: number | undefined } }) => ({
  nanoUsd: (call.usage.inputTokens ?? 0) * 1_000_000,
  source: "test",
});

const day = { name: "daily", budget: { per: "day", usd: 2, timeZone: "UTC" } } as const;
const turns = { name: "loop", budget: { per: "agent", turns: 1 } } as const;

type BeforeTurn = NonNullable<NonNullable<HooksConfigInput["hooks"]>["beforeTurn"]>;

/** A machine with a program that has budgets; further ones share what was used. */
function makeMachine() {
  const home = makeTemporaryFolder();
  const env = { HOME: home.path, USER: "ada", TURNSPAN_DATA: `${home.path}/data` };
  const start = async (...beforeTurn: BeforeTurn) => {
    const ledger = await SqliteLedger.open(env.TURNSPAN_DATA, NOW);
    const hooks = await startConfigured(
      { hooks: { beforeTurn } },
      { ledger, now: () => NOW, folder: home.path },
    );
    const turnspan = createTurnspan({ hooks: hooks.engine, price, clock: () => NOW });
    const session = turnspan.openSession({ sessionKey: "web:42", agentId: "main" });
    /** Says why it did not run. */
    const turn = (dollars: number) =>
      session.turn({ onBlocked: ({ reason }) => String(reason) }, async (run) => {
        await run.modelCall({ model: "m" }, (call) =>
          call.response({ usage: { inputTokens: dollars * 1000 } }),
        );
        return "ran";
      });
    return {
      hooks,
      turn,
      [Symbol.dispose]: () => void [hooks[Symbol.dispose](), ledger[Symbol.dispose]()],
    };
  };
  const run = (...args: string[]) => runTurnspan(["budget", ...args], { env, cwd: home.path });
  return { home, env, start, run, [Symbol.dispose]: () => home[Symbol.dispose]() };
}

test("what one process used another one is stopped by, and the list shows it", async () => {
  using machine = makeMachine();
  using one = await machine.start(day);
  expect(await one.turn(1.5)).toBe("ran");
  using other = await machine.start(day);
  expect(await other.turn(1)).toBe("ran");
  const refusal = 'budget "daily" is used up: 2.50 of 2.00 USD (day 2026-11-21)';
  expect([await one.turn(1), await other.turn(1)]).toEqual([refusal, refusal]);
  const { code, out } = await machine.run();
  expect([code, out.split("\n").map((line) => line.replace(/ {2,}/g, " | ").trim())]).toEqual([
    0,
    [
      "BUDGET | WHOSE | USED | SHARE | RAISED UNTIL | FROM",
      "daily | day 2026-11-21 | 2.50 of 2.00 USD | 125 % | config.json",
      "",
    ],
  ]);
});

test("counting in memory lets each process use the whole budget: the test above can fail", async () => {
  const hooks = { beforeTurn: [turns] };
  const run = async () => {
    using configured = await startConfigured({ hooks });
    using session = configured.turnspan.openSession({ sessionKey: "k", agentId: "main" });
    return session.turn({ onBlocked: () => "blocked" }, () => "ran");
  };
  expect([await run(), await run()]).toEqual(["ran", "ran"]);
});

test("a raise lets a running program go on, for its time and by its amount", async () => {
  using machine = makeMachine();
  using program = await machine.start(day);
  await program.turn(2);
  expect(await program.turn(1)).toContain("used up: 2.00 of 2.00 USD");
  const raised = await machine.run(
    ...["raise", "--for", "2h", "--reason", "release day", "--usd", "1.5"],
  );
  expect(raised).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^budget daily: 1\.50 USD more until 2026-11-21 \d\d:00:00\n$/),
    err: "recorded on this machine; your config names no receiver of records\n",
  });
  expect(await program.turn(2)).toBe("ran");
  expect(await program.turn(1)).toContain("used up: 4.00 of 3.50 USD");
  const { budgets } = JSON.parse((await machine.run("--json")).out);
  expect(budgets).toMatchObject([
    {
      name: "daily",
      whose: "day 2026-11-21",
      limits: [{ unit: "usd", used: 4e9, limit: 3.5e9 }],
      raises: [{ unit: "usd", amount: 1.5e9, reason: "release day", by: "ada" }],
    },
  ]);
});

test("without an amount each limit counts once more, and --of raises for one only", async () => {
  using machine = makeMachine();
  using program = await machine.start(turns);
  const raise = (...args: string[]) => machine.run("raise", "loop", "--for", "30m", ...args);
  await program.turn(0);
  await raise("--reason", "for another agent", "--of", "agent other");
  expect(await program.turn(0)).toContain("used up: 1 of 1 turns (agent main)");
  await raise("--reason", "go on", "--of", "agent main");
  expect(await program.turn(0)).toBe("ran");
  expect(await program.turn(0)).toContain("used up: 2 of 2 turns");
});

test.each([false, true])(
  "a raise is an audit record where records go somewhere (audit: %s)",
  async (audit) => {
    await using sink = await startOtlpSink();
    using machine = makeMachine();
    using _program = await machine.start(day);
    const telemetry = {
      endpoint: sink.url,
      ...(audit && { audit: { folder: `${machine.home.path}/audit` } }),
    };
    machine.home.write(".config/turnspan/config.json", { telemetry });
    const { err } = await machine.run("raise", "--for", "1d", "--reason", "release day");
    expect(err).toBe(audit ? "recorded in the audit log\n" : "recorded, and sent as a log event\n");
    expect(sink.names("logs")).toEqual(["turnspan.budget.raise"]);
  },
);

test.each([
  [["raise"], "needs --for TIME and --reason TEXT"],
  [["raise", "--for", "2h", "--reason", " "], "needs --for TIME and --reason TEXT"],
  [["raise", "daily", "--for", "2", "--reason", "r"], '--for "2" is no time'],
  [["raise", "nothing", "--for", "2h", "--reason", "r"], "there is no budget nothing"],
  [["raise", "--for", "2h", "--reason", "r"], "2 budgets are meant; in use were:\n"],
  [["raise", "daily", "--for", "2h", "--reason", "r", "--turns", "3"], "daily has no such limit"],
  [["raise", "daily", "--for", "2h", "--reason", "r", "--usd", "-3"], "needs a value"],
  [["raise", "daily", "--for", "2h", "--reason", "r", "--usd", "much"], '"much" is no amount'],
  [["lower"], 'has no action "lower"'],
])("%j is refused, and nothing is raised", async (args, problem) => {
  using machine = makeMachine();
  using _program = await machine.start(day, turns);
  const { code, err } = await machine.run(...args);
  expect([code, err]).toEqual([2, expect.stringContaining(problem)]);
  using ledger = await SqliteLedger.open(machine.env.TURNSPAN_DATA, NOW);
  expect(ledger.listBudgets().flatMap(({ id }) => ledger.listRaises(id, NOW))).toEqual([]);
});

test("where no budget was ever used the list says so", async () => {
  using machine = makeMachine();
  expect(await machine.run()).toMatchObject({ code: 0, out: "no budget was used here\n" });
});
