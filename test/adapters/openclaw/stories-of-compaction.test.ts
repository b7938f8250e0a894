import { expect, test } from "vitest";
import type { HostEvent } from "../../../src/adapters/openclaw/host-events.ts";
import { hookOf } from "../../../src/hooks/points.ts";
import { only } from "../../support/reducer.ts";
import { type Played, playHostEvents, said } from "./play.ts";
import { begin, ctxOf, goodEnd, id, KEY, modelCall, TRACE_HEX } from "./story.ts";

const RUN = "s:compaction:cmp-1";

const done = (time: number): HostEvent =>
  said(time, "internal", "session:compact:after", { sessionKey: KEY, context: {} });

const ended = ({ of }: Played) => only(of("run.end").filter(({ run }) => run.runId === RUN));

test("a compaction is a run of its own that ends when the host says so, and is no turn", () => {
  const played = playHostEvents([
    ...modelCall(1_000, RUN, "c1", "completed"),
    ...modelCall(60_000, RUN, "c2", "completed"),
    done(60_500),
    ...begin(70_000, "r"),
    ...goodEnd(70_100, "r"),
  ]);
  const end = ended(played);
  expect(end).toMatchObject({ outcome: "completed", time: 60_500, durationMs: 59_500 });
  expect(end.run).toMatchObject({ trigger: "compaction", attempts: 1, turnIndex: 0 });
  expect(end.run.totals).toMatchObject({ modelCalls: 2, inputTokens: 20 });
  const turn = only(played.of("run.end").filter(({ run }) => run.runId === "r"));
  expect(turn.run.turnIndex).toBe(0);
});

test("a compaction that fails says nothing: it is over when no further call comes", () => {
  const played = playHostEvents([...modelCall(1_000, RUN, "c1", "error")]);
  expect(ended(played)).toMatchObject({ outcome: "failed", time: 1_010 });
  expect(played.state.runs.size).toBe(0);
});

test("no hook is asked or told of a compaction, and a failed one is no failure of its session", () => {
  const played = playHostEvents([
    ...begin(500, "r"),
    ...goodEnd(600, "r"),
    ...modelCall(10_000, RUN, "c1", "error"),
    said(400_000, "typed", "session_end", { sessionKey: KEY, sessionId: "s", reason: "deleted" }),
  ]);
  const heard = played.records.filter(({ run }) => run?.runId === RUN).map(hookOf);
  expect(heard.filter((hook) => hook !== undefined)).toEqual([]);
  expect(only(played.of("session.end")).stopReason).toBe("stop");
});

test("a compaction in the middle of a turn hangs under it", () => {
  const [started, ...rest] = modelCall(1_100, RUN, "c1", "completed");
  const trace = { ...ctxOf(RUN, "c1", "r-p").trace };
  const ctx = { ...ctxOf(RUN), trace };
  const played = playHostEvents([
    ...begin(1_000, "r"),
    ...(started === undefined ? [] : [{ ...started, ctx }]),
    ...rest,
    done(1_200),
  ]);
  expect(ended(played).run.trace).toEqual({
    traceId: id("trace", TRACE_HEX),
    parentSpanId: id("r-p"),
  });
});
