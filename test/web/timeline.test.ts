import fc from "fast-check";
import { expect, test } from "vitest";
import { explainTurn } from "../../src/web/view-model/explain.ts";
import {
  buildTimeline,
  findFirstCauses,
  findTicks,
  findVisible,
  placeBar,
} from "../../src/web/view-model/timeline.ts";
import { makeRow, makeTrace, makeTurn } from "./make.ts";

const shapeOf = (rows: readonly { readonly id: string; readonly depth: number }[]): string[] =>
  rows.map(({ id, depth }) => `${" ".repeat(depth)}${id}`);

test("spans stand below their parents in order of start; one without a parent is a root", () => {
  const { rows, startMs, endMs } = buildTimeline(
    makeTrace({
      spans: [
        makeRow({ spanId: "root", startMs: 100, durationMs: 50 }),
        makeRow({ spanId: "late", parentSpanId: "root", startMs: 130 }),
        makeRow({ spanId: "early", parentSpanId: "root", startMs: 110 }),
        makeRow({ spanId: "inner", parentSpanId: "early", startMs: 112 }),
        makeRow({ spanId: "lost", parentSpanId: "never sent", startMs: 90 }),
      ],
    }),
  );
  expect(shapeOf(rows)).toEqual(["lost", "root", " early", "  inner", " late"]);
  expect([startMs, endMs]).toEqual([90, 150]);
});

test("every span is in the tree exactly once, whatever its parents are", () => {
  const ids = ["a", "b", "c", "d", "e", "f"];
  const spans = fc.uniqueArray(
    fc.record({
      spanId: fc.constantFrom(...ids),
      parentSpanId: fc.option(fc.constantFrom(...ids, "missing")),
      startMs: fc.integer({ min: 0, max: 5 }),
    }),
    { selector: ({ spanId }) => spanId },
  );
  fc.assert(
    fc.property(spans, (given) => {
      const { rows } = buildTimeline(makeTrace({ spans: given.map(makeRow) }));
      expect(rows.map(({ id }) => id).toSorted()).toEqual(
        given.map(({ spanId }) => spanId).toSorted(),
      );
      for (const [place, row] of rows.entries()) expect(row.parent).toBeLessThan(place);
    }),
  );
});

test("a running turn has a row before its span is there, with the steps that ended below it", () => {
  const turn = makeTurn({ id: "t", spanId: "root", state: "running", startMs: 5, agent: "main" });
  const { rows } = buildTimeline(
    makeTrace({
      turns: [turn],
      spans: [makeRow({ spanId: "call", parentSpanId: "root", startMs: 6 })],
    }),
  );
  expect(shapeOf(rows)).toEqual(["root", " call"]);
  expect(rows[0]).toMatchObject({ isRunning: true, endMs: null, name: "main" });
});

test("of a trace with several turns the page of one shows what lies below it", () => {
  const turns = [
    makeTurn({ id: "one", spanId: "s1" }),
    makeTurn({ id: "two", spanId: "s2", startMs: 20 }),
  ];
  const trace = makeTrace({
    turns,
    spans: [
      makeRow({ spanId: "s1", startMs: 0 }),
      makeRow({ spanId: "s2", startMs: 20 }),
      makeRow({ spanId: "call", parentSpanId: "s2", startMs: 21 }),
    ],
  });
  expect(shapeOf(buildTimeline(trace, "two").rows)).toEqual(["s2", " call"]);
  expect(buildTimeline(trace, "two").rows.map(({ parent }) => parent)).toEqual([-1, 0]);
  expect(buildTimeline(trace).rows).toHaveLength(3);
});

const nested = buildTimeline(
  makeTrace({
    spans: [
      makeRow({ spanId: "root" }),
      makeRow({ spanId: "agent", parentSpanId: "root", startMs: 1 }),
      makeRow({ spanId: "bash", parentSpanId: "agent", startMs: 2, inputPreview: "ls -la" }),
      makeRow({ spanId: "read", parentSpanId: "root", startMs: 3 }),
    ],
  }),
).rows;
const shown = (places: readonly number[]): (string | undefined)[] =>
  places.map((place) => nested[place]?.id);

test("what lies below a closed step is not seen", () => {
  expect(shown(findVisible(nested, new Set(["agent"]), ""))).toEqual(["root", "agent", "read"]);
  expect(shown(findVisible(nested, new Set(["root"]), ""))).toEqual(["root"]);
});

test("a search keeps hits and what leads to them, even below a closed step", () => {
  expect(shown(findVisible(nested, new Set(["agent"]), " LS "))).toEqual(["root", "agent", "bash"]);
  expect(findVisible(nested, new Set(), "no such thing")).toEqual([]);
});

test("the cause of a failure is the error with no error below it", () => {
  const { rows } = buildTimeline(
    makeTrace({
      turns: [
        makeTurn({ id: "t", spanId: "turn", state: "failed", errorType: "timeout", attempts: 2 }),
      ],
      spans: [
        makeRow({ spanId: "turn", status: "error" }),
        makeRow({ spanId: "tool", parentSpanId: "turn", status: "error", startMs: 1 }),
        makeRow({ spanId: "call", parentSpanId: "tool", status: "error", startMs: 2 }),
      ],
    }),
  );
  expect(findFirstCauses(rows).map(({ id }) => id)).toEqual(["call"]);
  const turn = rows[0]?.turn;
  if (turn == null) throw new Error("the turn is missing");
  expect(explainTurn(turn, rows)).toMatchObject({
    headline: "Failed after 2 attempts: timeout",
    cause: { id: "call" },
  });
});

test("a bar lies inside of its lane, also where times are wrong", () => {
  const whole = { startMs: 100, endMs: 200 };
  expect(placeBar({ startMs: 150, endMs: 175 }, whole)).toEqual({ left: 0.5, width: 0.25 });
  expect(placeBar({ startMs: 150, endMs: null }, whole)).toEqual({ left: 0.5, width: 0.5 });
  expect(placeBar({ startMs: 50, endMs: 900 }, whole)).toEqual({ left: 0, width: 1 });
  expect(placeBar({ startMs: 180, endMs: 120 }, whole).width).toBe(0);
  expect(placeBar({ startMs: 5, endMs: 5 }, { startMs: 5, endMs: 5 })).toEqual({
    left: 0,
    width: 1,
  });
});

test("the axis has a few round times", () => {
  expect(findTicks(5120, 5)).toEqual([0, 2000, 4000]);
  expect(findTicks(437, 5)).toEqual([0, 100, 200, 300, 400]);
  expect(findTicks(0, 5)).toEqual([0]);
  expect(findTicks(Number.NaN, 5)).toEqual([0]);
});
