// An agent runtime that plays a planned day through the SDK: to the endpoint and the audit folder of its arguments.
// SEED: which day; SESSIONS: how many sessions of it; LINGER_MS: how long it lives on after them. Says at its end what
// the SDK lost, as JSON.
import { setTimeout as sleep } from "node:timers/promises";
import { startTelemetry } from "../../../src/sdk/start.ts";
import { BUDGET, type PlannedTurn, planDay } from "./day-plan.ts";

const [endpoint = "", folder = "", seed = "1", sessions = "100", lingerMs = "0"] =
  process.argv.slice(2);
const budget = { per: "agent", turns: BUDGET.turnsOfAnAgent } as const;
const telemetry = await startTelemetry({
  ...{ serviceName: "day", endpoint, spans: "deferred", exitGuard: false },
  audit: { folder, mode: "batched" },
  config: { hooks: { beforeTurn: [{ name: BUDGET.name, budget }] } },
});
const { turnspan } = telemetry;
// None on turns: one that took long on a busy machine would have a span, of now, in a trace of the past.
turnspan.hooks.on("session:end", () => Promise.reject(new Error("planned")), { name: "fails" });

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
    ...(!turn.isUnpriced && { cost: { nanoUsd, source: "host" } }),
  });
  if (turn.hasTool) {
    turnspan.observe({ type: "tool.start", time, runId, callId: "t", name: "search" });
    turnspan.observe({ type: "tool.end", time: end, runId, callId: "t" });
  }
  if (turn.subagent !== undefined) playSubagent(turn, time, end);
}

function playSubagent(turn: PlannedTurn, time: number, end: number): void {
  const { runId, sessionKey, subagent, model } = turn;
  const child = { runId: `${runId}-child`, sessionKey: `${sessionKey}-child`, agentId: "helper" };
  turnspan.observe({
    ...{ ...child, type: "subagent.spawn", time, label: "planned" },
    ...{ parentSessionKey: sessionKey, parentRunId: runId },
  });
  turnspan.observe({ ...child, type: "run.start", time, model });
  const outcome = subagent === "killed" ? "cancelled" : "completed";
  turnspan.observe({ type: "run.end", time: end, runId: child.runId, outcome });
}

const day = planDay(Number(seed), Number(sessions));
const bySession = Map.groupBy(day, ({ sessionKey }) => sessionKey);
// The first points, all 0, go out before anything is counted.
await telemetry.forceFlush();
for (const turns of bySession.values()) {
  await playSession(turns);
  await sleep(50);
}
await sleep(Number(lingerMs));
// One that nobody can make sense of, so that a loss is counted.
turnspan.observe({ type: "run.end", time: Date.now(), runId: "of nobody", outcome: "completed" });
await telemetry.forceFlush();
await telemetry.shutdown();
console.log(JSON.stringify(telemetry.dropped()));
