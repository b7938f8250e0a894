import { expect, test } from "vitest";
import type { ConfiguredHook } from "../../../src/hooks/config/configured-hook.ts";
import { compileMatcher } from "../../../src/hooks/config/matcher.ts";
import type { AnyPayload } from "../../../src/hooks/payload.ts";
import { startReducer } from "../../support/reducer.ts";
import { recordOfEachHook } from "../moments.ts";
import { payloadOf } from "../payload-of.ts";

const records = recordOfEachHook();
const turn = payloadOf("afterTurn", records.afterTurn);

function matches(
  hook: Pick<ConfiguredHook, "filter" | "matcher" | "agents">,
  payload: AnyPayload = turn,
) {
  const matcher = compileMatcher({ hook: payload.hookPoint, ...hook });
  if (matcher.never !== undefined) return matcher.never;
  return matcher.matches?.(payload) ?? true;
}

/** The payload of a session's end for a reason. */
function endFor(reason: string): AnyPayload {
  const { feed, records: made } = startReducer();
  feed({ type: "session.open", time: 1, sessionKey: "k", sessionId: "s" });
  feed({ type: "session.close", time: 2, sessionKey: "k", sessionId: "s", reason });
  const end = made.find((record) => record.type === "session.end");
  if (end?.type !== "session.end") throw new Error("the session did not end");
  return payloadOf("session:end", end);
}

test("an entry without filter is for everything and costs no call", () => {
  expect(compileMatcher({ hook: "afterTurn" })).toEqual({ matches: undefined });
  expect(compileMatcher({ hook: "afterTurn", filter: { agentId: [], workflow: [] } })).toEqual({
    matches: undefined,
  });
});

test.each([
  [["support"], true],
  [["other", "support"], true],
  [["Support"], false],
  [["*"], false],
])("filter.agentId %j matches agent support: %s", (agentId, expected) => {
  expect(matches({ filter: { agentId } })).toBe(expected);
});

test.each([
  [["web:42"], true],
  [["web:*"], true],
  [["*:42"], true],
  [["*b:4*"], true],
  [["*"], true],
  [["web"], false],
  [["tg:*", "web:4"], false],
])("filter.sessionKey %j matches web:42: %s", (sessionKey, expected) => {
  expect(matches({ filter: { sessionKey } })).toBe(expected);
});

test("filters of one entry must all match", () => {
  expect(matches({ filter: { agentId: ["support"], sessionKey: ["web:*"] } })).toBe(true);
  expect(matches({ filter: { agentId: ["support"], sessionKey: ["tg:*"] } })).toBe(false);
});

test.each([
  [{ workflow: ["agent"] }, true],
  [{ workflow: ["cron", "agent"] }, true],
  [{ workflow: ["cron"] }, 'filter.workflow has no "agent"'],
  [{ jobId: ["j-1"] }, "filter.jobId: a turn is of no job"],
  [{ jobName: ["nightly"], workflow: ["agent"] }, "filter.jobName: a turn is of no job"],
])("the cron contract's filter %j: %s", (filter, expected) => {
  expect(matches({ filter })).toBe(expected);
});

const REASONS = ["clear", "new", "reset", "logout", "idle", "end", "abandoned"] as const;

test.each([
  ["clear", ["clear", "new", "reset"]],
  ["other", ["logout", "idle", "end", "abandoned"]],
  ["*", REASONS],
  ["", REASONS],
  ["clear|other", REASONS],
  ["reset", ["reset"]],
  ["logout | idle", ["logout", "idle"]],
  ["nothing", []],
])("the matcher %j meets the ends %j", (matcher, expected) => {
  expect(REASONS.filter((reason) => matches({ matcher }, endFor(reason)) === true)).toEqual(
    expected,
  );
});

test("at a start a matcher meets how it came about", () => {
  const start = payloadOf("session:start", records["session:start"]);
  expect(matches({ matcher: "startup" }, start)).toBe(true);
  expect(matches({ matcher: "resume" }, start)).toBe(false);
});

test("a default hook of agents leaves out those that have their own", () => {
  expect(matches({ agents: { except: ["support"] } })).toBe(false);
  expect(matches({ agents: { except: ["other"] } })).toBe(true);
  expect(matches({ agents: { only: "support" } })).toBe(true);
  expect(matches({ agents: { only: "other" } })).toBe(false);
});
