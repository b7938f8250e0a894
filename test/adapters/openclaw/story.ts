/** What the gateway says in the synthetic stories, in the shapes that were measured. */
import type { HostEvent } from "../../../src/adapters/openclaw/host-events.ts";
import { said } from "./play.ts";

export const KEY = "agent:main:main";
const HEX = 16;
export const TRACE_HEX = 32;

export const id = (name: string, length = HEX): string =>
  Buffer.from(name).toString("hex").padEnd(length, "0").slice(0, length);

export const traceOf = (span: string, parent?: string) => ({
  traceId: id("trace", TRACE_HEX),
  spanId: id(span),
  parentSpanId: parent === undefined ? undefined : id(parent),
  traceFlags: "01",
});

export const ctxOf = (runId: string, span = `${runId}-h`, parent = `${runId}-p`) => ({
  runId,
  sessionKey: KEY,
  sessionId: "s",
  agentId: "main",
  modelProviderId: "mock",
  modelId: "m",
  trace: traceOf(span, parent),
});

export const agent = (time: number, runId: string, stream: string, data: object): HostEvent => {
  const phase = "phase" in data ? `${stream}:${data.phase}` : stream;
  return said(time, "agent", phase, { runId, sessionKey: KEY, sessionId: "s", stream, data });
};

export const begin = (time: number, runId: string): HostEvent[] => [
  said(time, "typed", "agent_turn_prepare", { prompt: "hi" }, ctxOf(runId)),
  said(time + 1, "typed", "before_agent_run", { prompt: "hi" }, ctxOf(runId)),
  agent(time + 2, runId, "lifecycle", { phase: "start", startedAt: time + 2 }),
];

export const modelCall = (
  time: number,
  runId: string,
  span: string,
  outcome: string,
): HostEvent[] => {
  const ctx = ctxOf(runId, span, `${runId}-r`);
  const about = { runId, callId: `${runId}:model:1`, provider: "mock", model: "m" };
  const usage = { input: 10, output: 5, cacheRead: 0, cacheWrite: 0, cost: { total: 0.00001 } };
  const failed = outcome === "error";
  return [
    said(time, "typed", "model_call_started", about, ctx),
    said(
      time + 10,
      "typed",
      "model_call_ended",
      { ...about, outcome, durationMs: 10, ...(failed ? { errorCategory: "http_500" } : {}) },
      ctx,
    ),
    said(time + 10, "diagnostic", failed ? "model.call.error" : "model.call.completed", {
      ...about,
      ...(failed ? { errorCategory: "http_500" } : { usage }),
      trace: ctx.trace,
      durationMs: 10,
    }),
  ];
};

const badAnswer = { stopReason: "error", errorMessage: "500 overloaded", errorType: "api_error" };

/** An attempt that fails: `agent_end` calls it a success all the same. */
export const failedAttempt = (time: number, runId: string, span: string): HostEvent[] => [
  ...begin(time, runId),
  ...modelCall(time + 10, runId, span, "error"),
  said(time + 30, "typed", "agent_end", { runId, success: true }, ctxOf(runId)),
  said(time + 30, "typed", "llm_output", { runId, lastAssistant: badAnswer }, ctxOf(runId)),
];

export const goodEnd = (time: number, runId: string): HostEvent[] => [
  said(time, "typed", "agent_end", { runId, success: true }, ctxOf(runId)),
  said(
    time,
    "typed",
    "llm_output",
    { runId, assistantTexts: ["done"], lastAssistant: { stopReason: "stop" } },
    ctxOf(runId),
  ),
  agent(time + 5, runId, "lifecycle", { phase: "end", stopReason: "stop", aborted: false }),
];

export const retrying = (
  time: number,
  runId: string,
  attempt: number,
  delayMs: number,
): HostEvent =>
  agent(time, runId, "run_status", { phase: "retrying", attempt, delayMs, reason: "http_500" });
