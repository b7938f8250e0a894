import { expect, test } from "vitest";
import type { TranscriptCall } from "../../../src/adapters/cli-agents/transcript.ts";
import type { LifecycleEvent } from "../../../src/lifecycle/events.ts";
import type { Totals } from "../../../src/lifecycle/state.ts";
import { createPriceBook } from "../../../src/pricing/price-book.ts";
import { ALL, costJson } from "../../cli/cost-home.ts";
import { startReducer } from "../../support/reducer.ts";
import { openHome } from "./home.ts";

/** A session that is one turn with all of its calls. */
function sessionEvents(sessionKey: string, calls: readonly TranscriptCall[]): LifecycleEvent[] {
  const runId = `turn of ${sessionKey}`;
  const times = calls.map(({ end }) => end.time);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  return [
    { type: "session.open", time: first, sessionKey },
    { type: "run.start", time: first, sessionKey, runId },
    ...calls.map(({ end }) => ({ ...end, runId })),
    { type: "run.end", time: last, runId, outcome: "completed" },
    { type: "session.close", time: last, sessionKey, reason: "exit" },
  ];
}

test("the lifecycle makes the same tokens and money of the calls as turnspan cost does, to the nano-dollar", async () => {
  using home = openHome(...ALL);
  const { calls } = await home.read();
  const { price } = await createPriceBook();
  const reducer = startReducer({ price });
  for (const [key, own] of Map.groupBy(calls, ({ agent, sessionId }) => `${agent}:${sessionId}`)) {
    reducer.feed(...sessionEvents(key, own));
  }
  const totals = reducer.of("session.end").map(({ session }) => session.totals);
  const sum = (read: (totals: Totals) => number): number =>
    totals.reduce((known, each) => known + (each === undefined ? 0 : read(each)), 0);
  const { total } = await costJson(home);
  expect({
    calls: sum(({ modelCalls }) => modelCalls),
    inputTokens: sum(({ inputTokens }) => inputTokens),
    outputTokens: sum(({ outputTokens }) => outputTokens),
    cacheReadTokens: sum(({ cacheReadTokens }) => cacheReadTokens),
    cacheWriteTokens: sum(({ cacheWriteTokens }) => cacheWriteTokens),
    reasoningTokens: sum(({ reasoningTokens }) => reasoningTokens),
    costUsd: sum(({ nanoUsd }) => nanoUsd) / 1e9,
    unknownPriceCalls: sum(({ unknownCostCalls }) => unknownCostCalls),
    cacheWrite1hTokens: 0,
  }).toEqual(total);
});
