import { expect, test } from "vitest";
import type { SessionList } from "../../src/server/api-types.ts";
import { mergeSessions, type SessionFilter } from "../../src/web/view-model/live-merge.ts";
import { makeSession } from "./make.ts";

const ALL: SessionFilter = { q: undefined, state: undefined, project: undefined, agent: undefined };
const seen = (id: string, lastSeenMs: number) => makeSession({ id, lastSeenMs });
const idsOf = (pages: readonly SessionList[]): string[][] =>
  pages.map(({ sessions }) => sessions.map(({ id }) => id));

const pages: SessionList[] = [
  { sessions: [seen("c", 30), seen("b", 20)], nextCursor: "more" },
  { sessions: [seen("a", 10)], nextCursor: "still more" },
];

test("a session that was heard of goes to the top, and is there once", () => {
  expect(idsOf(mergeSessions(pages, [seen("a", 40)], ALL))).toEqual([["a", "c", "b"], []]);
  expect(idsOf(mergeSessions(pages, [seen("new", 25)], ALL))).toEqual([["c", "new", "b"], ["a"]]);
});

test("one that belongs past the last page is left to it; where that was all, it ends the list", () => {
  expect(idsOf(mergeSessions(pages, [seen("old", 5)], ALL))).toEqual([["c", "b"], ["a"]]);
  const whole = [{ sessions: [seen("c", 30)], nextCursor: null }];
  expect(idsOf(mergeSessions(whole, [seen("old", 5)], ALL))).toEqual([["c", "old"]]);
  expect(
    idsOf(mergeSessions([{ sessions: [], nextCursor: null }], [seen("first", 1)], ALL)),
  ).toEqual([["first"]]);
});

test("a session that no longer fits what was asked for leaves the list", () => {
  const ended = makeSession({ id: "c", lastSeenMs: 50, state: "ended" });
  expect(idsOf(mergeSessions(pages, [ended], { ...ALL, state: "running" }))).toEqual([
    ["b"],
    ["a"],
  ]);
  const named = makeSession({ id: "x", lastSeenMs: 50, title: "My Order" });
  expect(idsOf(mergeSessions(pages, [named], { ...ALL, q: "order" }))[0]).toEqual(["x", "c", "b"]);
  expect(idsOf(mergeSessions(pages, [named], { ...ALL, q: "refund" }))[0]).toEqual(["c", "b"]);
});
