/**
 * Synthetic stories, made from the facts in the reference where the recording holds no example:
 * retries, failures that call themselves a success, resets in the middle of a turn.
 */
import { expect, test } from "vitest";
import { only } from "../../support/reducer.ts";
import { playHostEvents, said } from "./play.ts";
import { agent, begin, failedAttempt, goodEnd, id, KEY, modelCall, retrying } from "./story.ts";

test("retries under one run id are attempts of one turn, with a call each", () => {
  const played = playHostEvents([
    ...failedAttempt(1_000, "r", "c1"),
    agent(1_040, "r", "lifecycle", { phase: "error", error: "overloaded" }),
    retrying(1_050, "r", 1, 8_000),
    ...failedAttempt(9_100, "r", "c2"),
    retrying(9_150, "r", 2, 30_000),
    ...begin(39_200, "r"),
    ...modelCall(39_210, "r", "c3", "completed"),
    ...goodEnd(39_300, "r"),
  ]);
  const end = only(played.of("run.end"));
  expect(end).toMatchObject({
    outcome: "completed",
    durationMs: 38_305,
    run: { attempts: 3, error: undefined, errorType: undefined, lastMessage: "done" },
  });
  expect(played.of("run.start")).toHaveLength(1);
  expect(
    played.of("run.attempt").map(({ attempt, delayMs, reason }) => [attempt, delayMs, reason]),
  ).toEqual([
    [2, 8_000, "http_500"],
    [3, 30_000, "http_500"],
  ]);
  const calls = [...end.run.calls.values()];
  expect(calls.map(({ callId, outcome, trace }) => [callId, outcome, trace?.spanId])).toEqual([
    ["r:model:1", "failed", id("c1")],
    ["r:model:1#2", "failed", id("c2")],
    ["r:model:1#3", "completed", id("c3")],
  ]);
});

test("a retry that is told before the attempt's end keeps that end from closing the turn", () => {
  const played = playHostEvents([
    ...begin(1_000, "r"),
    ...modelCall(1_010, "r", "c1", "error"),
    retrying(1_025, "r", 1, 20_000),
    ...failedAttempt(1_026, "r", "c1").slice(-2),
    agent(1_060, "r", "lifecycle", { phase: "error", error: "overloaded" }),
    ...begin(21_100, "r"),
    ...modelCall(21_110, "r", "c2", "completed"),
    ...goodEnd(21_200, "r"),
  ]);
  expect(only(played.of("run.end"))).toMatchObject({ outcome: "completed", run: { attempts: 2 } });
});

test("retries that all fail are one failed turn", () => {
  const played = playHostEvents([
    ...failedAttempt(1_000, "r", "c1"),
    retrying(1_040, "r", 1, 1_000),
    ...failedAttempt(2_100, "r", "c2"),
    agent(2_150, "r", "lifecycle", {
      phase: "error",
      error: "LLM request failed",
      errorObservation: { failoverReason: "overloaded" },
    }),
  ]);
  expect(only(played.of("run.end"))).toMatchObject({
    outcome: "failed",
    run: { attempts: 2, error: "LLM request failed", errorType: "overloaded" },
  });
});

test("work that goes on after an error, with no notice of a retry, is a further attempt", () => {
  const played = playHostEvents([
    ...failedAttempt(1_000, "r", "c1"),
    agent(1_040, "r", "lifecycle", { phase: "error", error: "overloaded" }),
    ...begin(1_500, "r"),
    ...modelCall(1_510, "r", "c2", "completed"),
    ...goodEnd(1_600, "r"),
  ]);
  expect(only(played.of("run.end"))).toMatchObject({ outcome: "completed", run: { attempts: 2 } });
  expect(only(played.of("run.attempt")).reason).toBe("continued");
});

test("a retry of the provider's connection, without a number, does not hold the end back", () => {
  const played = playHostEvents([
    ...begin(1_000, "r"),
    agent(1_100, "r", "run_status", { phase: "retrying", message: "Connection interrupted." }),
    agent(1_200, "r", "lifecycle", { phase: "error", error: "gone" }),
  ]);
  expect(only(played.of("run.end"))).toMatchObject({ outcome: "failed", run: { attempts: 2 } });
});

test("a retry notice told twice is one attempt", () => {
  const notice = retrying(1_040, "r", 1, 1_000);
  const played = playHostEvents([...failedAttempt(1_000, "r", "c1"), notice, notice]);
  expect(played.of("run.attempt")).toHaveLength(1);
});

test("an answer that is an error fails the turn even where the lifecycle ends well", () => {
  const played = playHostEvents([
    ...failedAttempt(1_000, "r", "c1"),
    said(1_031, "diagnostic", "run.completed", { runId: "r", outcome: "completed" }),
    agent(1_040, "r", "lifecycle", { phase: "end", aborted: false }),
  ]);
  expect(only(played.of("run.end"))).toMatchObject({
    outcome: "failed",
    run: { error: "500 overloaded", errorType: "api_error" },
  });
});

test("a turn that a reset cuts off is cancelled", () => {
  const played = playHostEvents([
    ...begin(1_000, "r"),
    agent(1_100, "r", "lifecycle", { phase: "end", stopReason: "restart" }),
    said(1_101, "typed", "session_end", { sessionKey: KEY, sessionId: "s", reason: "reset" }),
  ]);
  expect(only(played.of("run.end")).outcome).toBe("cancelled");
  expect(only(played.of("session.end"))).toMatchObject({ reason: "reset", stopReason: "stop" });
});
