import { expect, test } from "vitest";
import type { HooksConfigInput } from "../../../src/hooks/config/schema.ts";
import type { Session, SessionInfo } from "../../../src/lifecycle/session.ts";
import { createTurnspan, type Turnspan } from "../../../src/turnspan.ts";
import { type Configured, startConfigured } from "../configured.ts";

type BudgetInput = NonNullable<
  NonNullable<NonNullable<HooksConfigInput["hooks"]>["beforeTurn"]>[number]["budget"]
>;

/** 1 USD for each million tokens in and out. */
const price = (call: { readonly usage: { readonly inputTokens?: number | undefined } }) => ({
  nanoUsd: (call.usage.inputTokens ?? 0) * 1000,
  source: "test",
});

interface Budgeted extends Disposable {
  readonly hooks: Configured;
  readonly turnspan: Turnspan;
  readonly clock: { time: number };
  open(info?: Partial<SessionInfo>): Session;
}

async function startBudget(budget: BudgetInput, filter?: object): Promise<Budgeted> {
  const entry = { name: "limit", budget, ...(filter && { filter }) };
  const hooks = await startConfigured({ hooks: { beforeTurn: [entry] } });
  const clock = { time: Date.UTC(2026, 10, 21, 12) };
  const turnspan = createTurnspan({ hooks: hooks.engine, price, clock: () => clock.time });
  return {
    ...{ hooks, turnspan, clock },
    open: (info = {}) => turnspan.openSession({ sessionKey: "k", agentId: "main", ...info }),
    [Symbol.dispose]: () => hooks[Symbol.dispose](),
  };
}

/** A turn that uses so many tokens; says why it did not run. */
function use(
  session: Session,
  inputTokens: number,
  body: () => void = () => undefined,
): Promise<string> {
  return session.turn({ onBlocked: ({ reason }) => String(reason) }, async (turn) => {
    await turn.modelCall({ model: "m" }, (call) => call.response({ usage: { inputTokens } }));
    body();
    return "ran";
  });
}

test("tokens: what is left of a limit may be overdrawn by one turn, the next one is stopped with the numbers", async () => {
  using budget = await startBudget({ per: "session", tokens: 1000 });
  using session = budget.open();
  expect(await use(session, 999)).toBe("ran");
  expect(await use(session, 500)).toBe("ran");
  expect(await use(session, 1)).toBe(
    'budget "limit" is used up: 1,499 of 1,000 tokens (session k (1, 2026-11-21T12:00:00.000Z))',
  );
});

test("money is counted in whole nano-dollars and shown in dollars", async () => {
  using budget = await startBudget({ per: "agent", usd: 0.003 });
  using session = budget.open();
  for (let turn = 0; turn < 3; turn += 1) expect(await use(session, 1000)).toBe("ran");
  expect(await use(session, 1000)).toBe(
    'budget "limit" is used up: 0.0030 of 0.0030 USD (agent main)',
  );
});

test("turns are counted when they begin, and those that another guard stopped are not", async () => {
  using budget = await startBudget({ per: "session", turns: 2 });
  let refuses = true;
  using _other = budget.hooks.engine.on(
    "beforeTurn",
    () => (refuses ? { abort: true } : undefined),
    {
      priority: 20,
    },
  );
  using session = budget.open();
  for (let turn = 0; turn < 5; turn += 1) expect(await use(session, 1)).toBe("aborted by hook");
  refuses = false;
  expect([await use(session, 1), await use(session, 1)]).toEqual(["ran", "ran"]);
  expect(await use(session, 1)).toBe(
    'budget "limit" is used up: 2 of 2 turns (session k (1, 2026-11-21T12:00:00.000Z))',
  );
});

test("turns that begin at the same time cannot overdraw their number", async () => {
  using budget = await startBudget({ per: "agent", turns: 3 });
  using session = budget.open();
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => use(session, 1)));
  expect(outcomes.filter((outcome) => outcome === "ran")).toHaveLength(3);
});

test("failed turns in a row are counted; one that did not fail begins anew", async () => {
  using budget = await startBudget({ per: "session", consecutiveErrors: 2 });
  using session = budget.open();
  const fail = async () =>
    use(session, 1, () => {
      throw new Error("no");
    }).catch(() => "failed");
  expect([await fail(), await use(session, 1), await fail(), await fail()]).toEqual([
    "failed",
    "ran",
    "failed",
    "failed",
  ]);
  expect(await use(session, 1)).toBe(
    'budget "limit" is used up: 2 of 2 consecutive failed turns (session k (1, 2026-11-21T12:00:00.000Z))',
  );
});

test("what subagents use counts for the turn that spawned them, however deep, and stops them too", async () => {
  using budget = await startBudget({ per: "agent", tokens: 1000 });
  using session = budget.open();
  const refusals: string[] = [];
  const onBlocked = ({ reason }: { reason?: string | undefined }) =>
    void refusals.push(String(reason));
  await session.turn({}, (turn) =>
    turn.subagent({ agentId: "writer", sessionKey: "sub:1" }, (child) =>
      child.subagent({ agentId: "reader", sessionKey: "sub:2" }, async (grandchild) => {
        const usage = { inputTokens: 900, outputTokens: 100 };
        await grandchild.modelCall({ model: "m" }, (call) => call.response({ usage }));
        await child.subagent({ agentId: "late", onBlocked }, () => undefined);
      }),
    ),
  );
  expect(refusals).toEqual(['budget "limit" is used up: 1,000 of 1,000 tokens (agent main)']);
  expect(await use(session, 1)).toContain("1,000 of 1,000 tokens (agent main)");
  using other = budget.open({ sessionKey: "other", agentId: "other" });
  expect(await use(other, 1)).toBe("ran");
});

test("a host that can stop a run between tool calls is told when its budget is used up meanwhile", async () => {
  using budget = await startBudget({ per: "session", tokens: 100 });
  using session = budget.open();
  const check = (runId: string) => budget.hooks.attached.budgets.check(runId, budget.clock.time);
  await session.turn({ runId: "r-1" }, async (turn) => {
    expect(check("r-1")).toBeUndefined();
    await turn.modelCall({ model: "m" }, (call) => call.response({ usage: { inputTokens: 100 } }));
    expect(check("r-1")).toEqual({
      abort: true,
      reason: expect.stringContaining("100 of 100 tokens"),
    });
  });
  expect(check("r-1")).toBeUndefined();
  expect(check("unknown")).toBeUndefined();
});

test.each([
  ["session", {}, { sessionKey: "b" }],
  ["agent", { sessionKey: "b" }, { sessionKey: "c", agentId: "other" }],
  ["project", { sessionKey: "b", project: "p-1" }, { sessionKey: "c", project: "p-2" }],
] as const)("each %s has a budget of its own", async (per, alike, different) => {
  using budget = await startBudget({ per, turns: 1 });
  using session = budget.open({ project: "p-1" });
  expect(await use(session, 1)).toBe("ran");
  using same = budget.open(alike);
  expect(await use(same, 1)).toContain("used up");
  using other = budget.open(different);
  expect(await use(other, 1)).toBe("ran");
});

test("several scopes together: each combination has its own", async () => {
  using budget = await startBudget({ per: ["agent", "day"], turns: 1, timeZone: "UTC" });
  using session = budget.open();
  expect(await use(session, 1)).toBe("ran");
  expect(await use(session, 1)).toBe(
    'budget "limit" is used up: 1 of 1 turns (agent main, day 2026-11-21)',
  );
  budget.clock.time += 12 * 3600_000;
  expect(await use(session, 1)).toBe("ran");
});

test.each([
  ["Europe/Berlin", "2026-11-21T22:59:59Z", "2026-11-21", "2026-11-21T23:00:00Z", "2026-11-22"],
  ["America/New_York", "2026-11-22T04:59:59Z", "2026-11-21", "2026-11-22T05:00:00Z", "2026-11-22"],
  ["Asia/Kolkata", "2026-11-21T18:29:59Z", "2026-11-21", "2026-11-21T18:30:00Z", "2026-11-22"],
  // The clock goes back there that night: the day has 25 hours.
  ["Europe/Berlin", "2026-10-25T22:59:59Z", "2026-10-25", "2026-10-25T23:00:00Z", "2026-10-26"],
])("in %s a day ends at %s", async (timeZone, last, day, first, nextDay) => {
  using budget = await startBudget({ per: "day", turns: 1, timeZone });
  using session = budget.open();
  budget.clock.time = Date.parse(last);
  expect(await use(session, 1)).toBe("ran");
  expect(await use(session, 1)).toContain(`(day ${day})`);
  budget.clock.time = Date.parse(first);
  expect(await use(session, 1)).toBe("ran");
  expect(await use(session, 1)).toContain(`(day ${nextDay})`);
});

test("at 80 % it is said once, for each limit", async () => {
  using budget = await startBudget({ per: "session", tokens: 1000, turns: 5 });
  using session = budget.open();
  const said = () => budget.hooks.log.lines.filter((line) => line.startsWith("warn"));
  await use(session, 799);
  expect(said()).toEqual([]);
  await use(session, 1);
  await use(session, 50);
  expect(said()).toEqual([
    'warn budget "limit": 80 % used, 800 of 1,000 tokens (session k (1, 2026-11-21T12:00:00.000Z))',
  ]);
  await use(session, 50);
  expect(said()[1]).toBe(
    'warn budget "limit": 80 % used, 4 of 5 turns (session k (1, 2026-11-21T12:00:00.000Z))',
  );
  expect(said()).toHaveLength(2);
});

test("only turns that the filter names have the budget; what they spawn counts with them", async () => {
  using budget = await startBudget({ per: "agent", tokens: 100 }, { agentId: ["main"] });
  using other = budget.open({ sessionKey: "o", agentId: "other" });
  expect([await use(other, 500), await use(other, 500)]).toEqual(["ran", "ran"]);
  using session = budget.open();
  await session.turn({}, (turn) =>
    turn.subagent({ agentId: "other" }, (child) =>
      child.modelCall({ model: "m" }, (call) => call.response({ usage: { inputTokens: 100 } })),
    ),
  );
  expect(await use(session, 1)).toContain("100 of 100 tokens (agent main)");
  expect(await use(other, 1)).toBe("ran");
});

test("what is counted is what the session's end says", async () => {
  using budget = await startBudget({ per: "session", tokens: 1_000_000 });
  const ends: { inputTokens: number; outputTokens: number }[] = [];
  budget.hooks.engine.on("session:end", ({ turnspan }) => void ends.push(turnspan.usage));
  const session = budget.open();
  for (let turn = 0; turn < 20; turn += 1) await use(session, 50_000 - turn * 10);
  expect(await use(session, 1910)).toBe("ran");
  expect(await use(session, 1)).toContain("1,000,010 of 1,000,000 tokens");
  session.end();
  expect(ends).toMatchObject([{ inputTokens: 1_000_010, outputTokens: 0 }]);
});
