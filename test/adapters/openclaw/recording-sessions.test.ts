import { beforeAll, expect, test } from "vitest";
import { only } from "../../support/reducer.ts";
import { type Played, playLines, recordedLines } from "./play.ts";

let played: Played;

beforeAll(async () => {
  played = await playLines(recordedLines());
});

const MAIN = "agent:main:main";
const KILL = "agent:main:kill";

test("patches know the model before, and say that the label before is unknown", () => {
  const [label, model, ...others] = played.of("session.patch");
  expect(others).toEqual([]);
  expect(label?.changes).toEqual([
    { field: "label", beforeKnown: false, after: "My label", plain: true },
  ]);
  expect(model?.changes).toEqual([
    {
      field: "model",
      beforeKnown: true,
      before: "mock/mock-a",
      after: "mock/mock-b",
      plain: true,
    },
  ]);
  expect(label).toMatchObject({ actor: { kind: "unknown" }, source: "session:patch" });
  expect(label).toMatchObject({ patch: { key: MAIN, label: "My label" }, cfg: undefined });
  expect(label?.entry).toMatchObject({ label: "My label", lastRunId: "run-2" });
});

test("a patch between turns is no turn's", () => {
  expect(played.of("session.patch").map((record) => record.run)).toEqual([undefined, undefined]);
});

test("the model patch opens a cost segment", () => {
  const end = only(
    played.of("session.end").filter(({ session, reason }) => {
      return session.sessionKey === MAIN && reason === "reset";
    }),
  );
  expect(end.session.segments).toMatchObject([
    { model: "mock/mock-a", nanoUsd: 378_000, modelCalls: 3, unknownCostCalls: 0 },
    { model: "mock/mock-b", nanoUsd: 630_000, modelCalls: 6, unknownCostCalls: 0 },
  ]);
});

test("the rejected patch left no trace", () => {
  expect(played.events.filter((event) => event.type === "session.patch")).toHaveLength(2);
});

test("reset, new, delete and shutdown end sessions with the last turn's stop reason and words", () => {
  const ends = played
    .of("session.end")
    .map(({ session, reason, stopReason, lastMessage }) => [
      session.sessionKey,
      session.generation,
      reason,
      stopReason,
      lastMessage,
    ]);
  const reply = "mock reply: =mock/mock-a | default_model=mock/mock-a";
  const announced = "mock reply: this session's policy allows the source.";
  expect(ends).toEqual([
    [KILL, 1, "new", "stop", reply],
    [MAIN, 1, "reset", "stop", announced],
    ["agent:main:tp", 1, "deleted", "stop", reply],
    [KILL, 2, "shutdown", "stop", undefined],
    [MAIN, 2, "shutdown", "stop", undefined],
  ]);
});

test("a session that is reset keeps its id and gets a new generation", () => {
  const sessions = played
    .of("session.start")
    .filter(({ session }) => session.sessionKey === MAIN)
    .map(({ session }) => session);
  expect(sessions.map((session) => session.generation)).toEqual([1, 2]);
  expect(new Set(sessions.map((session) => session.sessionId))).toEqual(
    new Set(["2c1f4e44-952c-4658-9e44-c8a8b1757f6e"]),
  );
  expect(sessions[1]?.details?.resumedFrom).toBe(sessions[0]?.sessionId);
});

test("calls, runs and sessions cost the same to the nano-dollar", () => {
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  const ofCalls = sum(played.of("call.end").map(({ call }) => call.cost?.nanoUsd ?? 0));
  const ofRuns = sum(played.of("run.end").map(({ run }) => run.totals.nanoUsd));
  const ofSessions = sum(
    played.of("session.end").map(({ session }) => session.totals?.nanoUsd ?? 0),
  );
  const ofSegments = sum(
    played
      .of("session.end")
      .flatMap(({ session }) => session.segments?.map(({ nanoUsd }) => nanoUsd) ?? []),
  );
  expect(ofCalls).toBe(1_386_000);
  expect([ofRuns, ofSessions, ofSegments]).toEqual([ofCalls, ofCalls, ofCalls]);
});

test("the killed call's cost is unknown, and no other's", () => {
  const unknown = played.of("call.end").filter(({ call }) => {
    return call.kind === "model_call" && call.cost === undefined;
  });
  expect(only(unknown).run.spawn?.run?.runId).toBe("run-7");
});
