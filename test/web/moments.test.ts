import { expect, test } from "vitest";
import type { SessionDetail, SettingsChange } from "../../src/server/api-types.ts";
import {
  describeActor,
  describeChange,
  findModelChange,
  findNeighbours,
  findSegmentChange,
  listMoments,
} from "../../src/web/view-model/moments.ts";
import { makeSession, makeTurn } from "./make.ts";

const change = (timeMs: number, field: string): SettingsChange => ({
  id: `${field} ${timeMs}`,
  timeMs,
  changes: [{ field, shown: true, beforeKnown: false, before: null, after: "next" }],
  source: null,
  actor: { kind: "operator", id: "op-3", evidence: null },
  runId: null,
});

const detail = (parts: Partial<SessionDetail>): SessionDetail => ({
  session: makeSession({ id: "s" }),
  metadata: null,
  turns: [],
  earlierTurns: 0,
  settingsChanges: [],
  hookDecisions: [],
  costSegments: [],
  openings: [],
  ...parts,
});

test("a session's moments are in order of time, subagents below what spawned them", () => {
  const moments = listMoments(
    detail({
      turns: [
        makeTurn({ id: "first", runId: "r1", startMs: 10 }),
        makeTurn({ id: "second", runId: "r2", startMs: 30 }),
        makeTurn({ id: "child", kind: "subagent", runId: "r3", parentRunId: "r1", startMs: 40 }),
        makeTurn({ id: "orphan", kind: "subagent", parentRunId: "gone", startMs: 35 }),
      ],
      settingsChanges: [change(20, "model")],
      openings: [
        { generation: 1, event: "end", timeMs: 50, reason: "stop" },
        { generation: 1, event: "start", timeMs: 10, reason: null },
      ],
    }),
  );
  expect(moments.map(({ type, id }) => (type === "opening" ? type : id))).toEqual([
    "opening",
    "first",
    "child",
    "model 20",
    "second",
    "orphan",
    "opening",
  ]);
  expect(moments.map((moment) => (moment.type === "turn" ? moment.depth : undefined))[2]).toBe(1);
});

test("who made a change is said, and never made up", () => {
  const say = (kind: string, id: string | null = null): string =>
    describeActor({ kind, id, evidence: null });
  expect(say("operator", "op-3")).toBe("operator op-3");
  expect(say("operator")).toBe("an operator");
  expect(say("config")).toBe("the configuration");
  expect(say("unknown")).toBe("someone unknown");
  expect(say("<b>strange</b>")).toBe("<b>strange</b>");
  expect(say("constructor", "x")).not.toContain("native code");
});

test("values that are not known or not shown are said so", () => {
  const one = { field: "model", before: null, after: "b", shown: true, beforeKnown: true };
  expect(describeChange(one)).toEqual({ field: "model", before: "not set", after: "b" });
  expect(describeChange({ ...one, beforeKnown: false })).toMatchObject({ before: "unknown" });
  expect(describeChange({ ...one, shown: false })).toMatchObject({ after: undefined });
});

test("the change that counts for a turn is the last one of the model before it", () => {
  const changes = [change(10, "model"), change(20, "model"), change(25, "label")];
  expect(findModelChange(changes, 30)?.timeMs).toBe(20);
  expect(findModelChange(changes, 15)?.timeMs).toBe(10);
  expect(findModelChange(changes, 5)).toBeUndefined();
  const segment = {
    model: "m",
    sinceMs: 20,
    untilMs: null,
    modelCalls: 0,
    nanoUsd: 0,
    unknownCostCalls: 0,
  };
  expect(findSegmentChange(changes, segment)?.id).toBe("model 20");
});

test("the turns beside a turn leave subagents out", () => {
  const turns = [
    makeTurn({ id: "a" }),
    makeTurn({ id: "child", kind: "subagent" }),
    makeTurn({ id: "b" }),
  ];
  expect(findNeighbours(turns, "a").after?.id).toBe("b");
  expect(findNeighbours(turns, "b").before?.id).toBe("a");
  expect(findNeighbours(turns, "gone")).toEqual({ before: undefined, after: undefined });
});
