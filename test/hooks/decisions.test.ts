import fc from "fast-check";
import { expect, test } from "vitest";
import { HookEngine } from "../../src/hooks/engine.ts";
import type { HookFinding } from "../../src/hooks/outcomes.ts";
import { readAnswer } from "../../src/hooks/runners/command/answer.ts";
import type { ProcessEnd } from "../../src/hooks/runners/command/process-tree.ts";
import { toAnswer } from "../../src/hooks/runners/guard-answer.ts";
import { createTurnspan } from "../../src/turnspan.ts";

const end = (code: number | null, stdout = "", stderr = ""): ProcessEnd => ({
  ...{ code, signal: null, timedOut: false },
  stdout: { text: stdout, droppedBytes: 0 },
  stderr: { text: stderr, droppedBytes: 0 },
});

type Meaning = "abort" | "pass" | "failure";

/** What guards of every kind come to, through the code that reads their answers, and what that means. */
const outcomes = {
  "a handler aborts": ["abort", () => ({ abort: true, reason: "no" })],
  "a handler allows": ["pass", () => undefined],
  "a handler says false": ["pass", () => ({ abort: false })],
  "a handler throws": ["failure", () => Promise.reject(new RangeError("broken"))],
  "a handler says rubbish": ["failure", () => ({ abort: "yes" })],
  "a command exits with 0": ["pass", () => readAnswer(end(0, "done"), true)],
  "a command exits with 2": ["abort", () => readAnswer(end(2, "", "no"), true)],
  "a command exits with 1": ["failure", () => readAnswer(end(1), true)],
  "a command is killed": ["failure", () => readAnswer(end(null), true)],
  "a command takes too long": ["failure", () => readAnswer({ ...end(0), timedOut: true }, true)],
  "a command decides": ["abort", () => readAnswer(end(0, '{"decision":"block"}'), true)],
  "a command prints half a decision": ["failure", () => readAnswer(end(0, '{"abort":'), true)],
  "a server aborts": ["abort", () => toAnswer({ continue: false, stopReason: "no" })],
  "a server allows": ["pass", () => toAnswer({ decision: "approve" })],
  "a server says nonsense": ["failure", () => toAnswer({ decision: "perhaps" })],
  "a server answers with 4xx or 5xx": ["failure", () => Promise.reject(new Error("status 500"))],
} as const satisfies Record<string, readonly [Meaning, () => unknown]>;

type OutcomeName = keyof typeof outcomes;

interface GuardPlan {
  readonly outcome: OutcomeName;
  readonly closed: boolean;
  readonly isAsync: boolean;
}

const guardPlan: fc.Arbitrary<GuardPlan> = fc.record({
  outcome: fc.constantFrom(...(Object.keys(outcomes) as OutcomeName[])),
  closed: fc.boolean(),
  isAsync: fc.boolean(),
});

const stops = ({ outcome, closed }: GuardPlan): boolean => {
  const [meaning] = outcomes[outcome];
  return meaning === "abort" || (meaning === "failure" && closed);
};

/** Turns that begin together, guarded alike, while what guards wait for comes in any order. */
async function play(
  plans: readonly GuardPlan[],
  turns: number,
  scheduler: fc.Scheduler,
): Promise<void> {
  const findings: HookFinding[] = [];
  const engine = new HookEngine({ report: (finding) => findings.push(finding) });
  const asked = plans.map(() => 0);
  for (const [index, { outcome, closed, isAsync }] of plans.entries()) {
    engine.on(
      "beforeTurn",
      () => {
        asked[index] = (asked[index] ?? 0) + 1;
        const [, act] = outcomes[outcome];
        if (!isAsync) return act() as undefined;
        return scheduler.schedule(Promise.resolve()).then(() => act()) as Promise<undefined>;
      },
      { name: String(index), onFailure: closed ? "closed" : "open" },
    );
  }
  const turnspan = createTurnspan({ hooks: engine, onRecord: () => undefined });
  const ran: boolean[] = [];
  const results = Array.from({ length: turns }, (_, turn) => {
    const session = turnspan.openSession({ sessionKey: `k-${turn}` });
    const onBlocked = ({ hook }: { readonly hook?: string | undefined }) => Number(hook);
    return session.turn({ onBlocked }, () => {
      ran[turn] = true;
      return -1;
    });
  });
  await scheduler.waitFor(Promise.all(results));
  const stopper = plans.findIndex(stops);
  expect(await Promise.all(results)).toEqual(Array(turns).fill(stopper));
  expect(ran.filter(Boolean)).toHaveLength(stopper === -1 ? turns : 0);
  // Guards are asked in turn, up to the one that stops the turn, and each finding is told of once.
  const askedOfEach = plans.map((_, index) => (stopper === -1 || index <= stopper ? turns : 0));
  expect(asked).toEqual(askedOfEach);
  const failures = plans.filter(
    (plan, index) => asked[index] && outcomes[plan.outcome][0] === "failure",
  );
  expect(findings.filter(({ type }) => type === "hook.failure")).toHaveLength(
    failures.length * turns,
  );
  expect(findings.filter(({ decision }) => decision === "abort")).toHaveLength(
    stopper === -1 ? 0 : turns,
  );
}

test("in 10,000 interleavings no turn runs that a guard stopped, and none is stopped that none did", async () => {
  const plans = fc.array(guardPlan, { minLength: 1, maxLength: 6 });
  await fc.assert(fc.asyncProperty(plans, fc.integer({ min: 1, max: 4 }), fc.scheduler(), play), {
    numRuns: 10_000,
  });
}, 600_000);

test("a host that does not wait for its guards runs turns that were stopped: the test above can fail", async () => {
  const { promise, resolve } = Promise.withResolvers<{ abort: true }>();
  const engine = new HookEngine();
  engine.on("beforeTurn", () => promise, { observes: true });
  const turnspan = createTurnspan({ hooks: engine, onRecord: () => undefined });
  using session = turnspan.openSession({ sessionKey: "k" });
  const running = session.turn({ onBlocked: () => "blocked" }, () => "ran");
  resolve({ abort: true });
  expect(await running).toBe("ran");
});
