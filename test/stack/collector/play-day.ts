// An agent runtime that plays a planned day through the SDK: to the endpoint and the audit folder of its arguments.
// SEED: which day; SESSIONS: how many sessions of it. Says at its end what the SDK lost, as JSON.
import { setTimeout as sleep } from "node:timers/promises";
import { startTelemetry } from "../../../src/sdk/start.ts";
import { type PlannedTurn, planDay } from "./day-plan.ts";

const [endpoint = "", folder = "", seed = "1", sessions = "100"] = process.argv.slice(2);
const telemetry = await startTelemetry({
  ...{ serviceName: "day", endpoint, spans: "deferred", exitGuard: false },
  audit: { folder, mode: "batched" },
});
const { turnspan } = telemetry;

/** Sessions follow each other in the past, up to now. */
async function playSession(turns: readonly PlannedTurn[]): Promise<void> {
  const [first] = turns;
  if (first === undefined) return;
  const { sessionKey, agent: agentId } = first;
  let time = Date.now() - turns.reduce((sum, turn) => sum + turn.durationMs + 1, 1);
  const sessionId = `${sessionKey}-id`;
  turnspan.observe({ type: "session.open", time, sessionKey, sessionId, agentId });
  turnspan.observe({
    ...{ type: "session.patch", time, sessionKey, patch: { model: "large-1" } },
    actor: { kind: "operator", id: "u-7", evidence: "planned" },
    source: "day",
  });
  for (const turn of turns) {
    await playTurn(turn, time);
    time += turn.durationMs + 1;
  }
  turnspan.observe({ type: "session.close", time, sessionKey, reason: "done" });
}

async function playTurn(turn: PlannedTurn, time: number): Promise<void> {
  const { runId, outcome, durationMs, traceId, sessionKey, model } = turn;
  const end = time + durationMs;
  await turnspan.observe({
    ...{ type: "run.start", time, runId, sessionKey, agentId: turn.agent, model },
    ...{ provider: "anthropic", trace: { traceId } },
  });
  if (outcome === "blocked") {
    const decided = { runId, time: end, hook: "beforeTurn", reason: "planned" } as const;
    turnspan.observe({
      ...decided,
      type: "hook.decision",
      entry: "day",
      decision: "abort",
      sessionKey,
    });
    turnspan.observe({ ...decided, type: "run.blocked" });
  } else {
    playCalls(turn, time, end);
  }
  const error = outcome === "failed" ? { error: "planned", errorType: "planned" } : {};
  turnspan.observe({ type: "run.end", time: end, runId, outcome, ...error });
}

function playCalls(turn: PlannedTurn, time: number, end: number): void {
  const { runId, model, inputTokens, outputTokens, cacheReadTokens, nanoUsd } = turn;
  const call = { runId, callId: "m", provider: "anthropic", model } as const;
  turnspan.observe({ ...call, type: "model.start", time });
  turnspan.observe({
    ...{ ...call, type: "model.end", time: end, responseModel: model },
    usage: { inputTokens, outputTokens, cacheReadTokens },
    cost: { nanoUsd, source: "host" },
  });
  if (!turn.hasTool) return;
  turnspan.observe({ type: "tool.start", time, runId, callId: "t", name: "search" });
  turnspan.observe({ type: "tool.end", time: end, runId, callId: "t" });
}

const day = planDay(Number(seed), Number(sessions));
const bySession = Map.groupBy(day, ({ sessionKey }) => sessionKey);
// The first points, all 0, go out before anything is counted.
await telemetry.forceFlush();
for (const turns of bySession.values()) {
  await playSession(turns);
  await sleep(50);
}
await telemetry.forceFlush();
await telemetry.shutdown();
console.log(JSON.stringify(telemetry.dropped()));
