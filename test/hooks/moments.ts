import { type HookName, type HookRecords, hookOf } from "../../src/hooks/points.ts";
import type { LifecycleRecord } from "../../src/lifecycle/records.ts";
import { startReducer } from "../support/reducer.ts";

const TIME = Date.UTC(2026, 0, 2, 3, 4, 5);
const usage = {
  inputTokens: 100,
  outputTokens: 20,
  cacheReadTokens: 40,
  cacheWriteTokens: 5,
  reasoningTokens: 7,
};
const child = { sessionKey: "sub:1", sessionId: "s-2", agentId: "writer", agentName: "Writer" };
const spawned = { ...child, label: "draft", parentSessionKey: "web:42", parentRunId: "r-1" };

/** Records of a session in which every hook has its moment, made by the real reducer. */
function playSession(): readonly LifecycleRecord[] {
  const { feed, records, state } = startReducer();
  const session = { sessionKey: "web:42", sessionId: "s-1" };
  feed({
    ...session,
    type: "session.open",
    time: TIME,
    agentId: "support",
    metadata: { workflowId: "w-7" },
    settings: { model: "big" },
  });
  const open = state.sessions.get("web:42");
  if (open !== undefined) open.ids = { traceId: "a".repeat(32), spanId: "b".repeat(16) };
  feed({
    ...session,
    type: "message.received",
    time: TIME + 1,
    channel: "web",
    messageId: "m-1",
    content: "Hello",
  });
  feed({
    ...session,
    type: "run.start",
    time: TIME + 2,
    runId: "r-1",
    model: "big",
    message: "Hello",
    trigger: "cron",
  });
  const run = state.runs.get("r-1");
  if (run !== undefined) {
    run.ids = { traceId: "c".repeat(32), spanId: "d".repeat(16), traceFlags: 0 };
  }
  feed(
    { type: "model.start", time: TIME + 3, runId: "r-1", callId: "c1", model: "big" },
    {
      type: "model.end",
      time: TIME + 4,
      runId: "r-1",
      callId: "c1",
      usage,
      cost: { nanoUsd: 1_500_001, source: "host" },
    },
    { type: "tool.start", time: TIME + 5, runId: "r-1", callId: "t1", name: "spawn" },
    { ...spawned, type: "subagent.spawn", time: TIME + 6, runId: "r-2" },
    { ...child, type: "run.start", time: TIME + 6, runId: "r-2", model: "small" },
    { type: "run.end", time: TIME + 9, runId: "r-2", outcome: "completed" },
    { ...spawned, type: "subagent.spawn", time: TIME + 10, runId: "r-3" },
    { ...child, type: "run.start", time: TIME + 10, runId: "r-3", model: "small" },
    { type: "run.end", time: TIME + 11, runId: "r-3", outcome: "cancelled" },
    { type: "tool.end", time: TIME + 12, runId: "r-1", callId: "t1" },
    {
      ...session,
      type: "session.patch",
      time: TIME + 13,
      patch: { model: "small", apiKey: "hunter2" },
      actor: { kind: "operator", id: "u-7" },
      cfg: { gateway: { token: "a secret" } },
    },
    {
      type: "run.end",
      time: TIME + 20,
      runId: "r-1",
      outcome: "completed",
      stopReason: "maxTokens",
      lastMessage: "Hi",
    },
    {
      ...session,
      type: "message.sent",
      time: TIME + 21,
      runId: "r-1",
      channel: "web",
      messageId: "m-2",
      content: "Hi",
      success: true,
    },
    { ...session, type: "run.start", time: TIME + 30, runId: "r-4", model: "small" },
    {
      type: "run.end",
      time: TIME + 34,
      runId: "r-4",
      outcome: "failed",
      error: "400 bad request",
      errorType: "400",
    },
    { ...session, type: "session.close", time: TIME + 40, reason: "reset", lastMessage: "Bye" },
  );
  return records;
}

/** One record for each hook: the first that fires it. */
export function recordOfEachHook(): HookRecords {
  const first: Partial<Record<HookName, LifecycleRecord>> = {};
  for (const record of playSession()) {
    const hook = hookOf(record);
    if (hook !== undefined) first[hook] ??= record;
  }
  return first as HookRecords;
}
