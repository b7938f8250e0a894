import { expect, test } from "vitest";
import { type HookName, hookPoints } from "../../src/hooks/points.ts";
import { recordOfEachHook } from "./moments.ts";
import { payloadOf } from "./payload-of.ts";

const SUPPORT = { sessionKey: "web:42", sessionId: "s-1", agentId: "support" } as const;
const SESSION_TRACE = "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01";
const RUN_TRACE = "00-cccccccccccccccccccccccccccccccc-dddddddddddddddd-00";
const USAGE = {
  inputTokens: 100,
  outputTokens: 20,
  cacheReadTokens: 40,
  cacheWriteTokens: 5,
  reasoningTokens: 7,
};
const NO_USAGE = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};
const CHILD = {
  workflow: "agent",
  sessionKey: "sub:1",
  sessionId: "s-2",
  agentId: "writer",
  agentName: "Writer",
  label: "draft",
  turnIndex: 0,
  parent: { sessionId: "s-1", sessionKey: "web:42", runId: "r-1", agentId: "support" },
} as const;

const asJson: Record<HookName, object> = {
  "session:start": {
    ...SUPPORT,
    hookPoint: "session:start",
    workflow: "agent",
    timestamp: "2026-01-02T03:04:05.000Z",
    traceparent: SESSION_TRACE,
    type: "session",
    action: "start",
    context: { metadata: { workflowId: "w-7" } },
    turnspan: { generation: 1 },
  },
  "session:end": {
    ...SUPPORT,
    hookPoint: "session:end",
    workflow: "agent",
    timestamp: "2026-01-02T03:04:05.040Z",
    traceparent: SESSION_TRACE,
    type: "session",
    action: "end",
    context: { stopReason: "error", lastMessage: "Bye", metadata: { workflowId: "w-7" } },
    turnspan: {
      reason: "reset",
      durationMs: 40,
      turns: 2,
      usage: USAGE,
      costUsd: 0.001500001,
      generation: 1,
    },
  },
  "session:patch": {
    ...SUPPORT,
    hookPoint: "session:patch",
    workflow: "agent",
    runId: "r-1",
    turnIndex: 0,
    timestamp: "2026-01-02T03:04:05.013Z",
    traceparent: RUN_TRACE,
    type: "session",
    action: "patch",
    context: {
      sessionEntry: { model: "small" },
      patch: { model: "small", apiKey: "hunter2", key: "web:42" },
      cfg: {},
    },
    turnspan: {
      changes: [
        { field: "model", beforeKnown: true, before: "big", after: "small", plain: true },
        { field: "apiKey", beforeKnown: false, plain: false },
      ],
      actor: { kind: "operator", id: "u-7" },
      generation: 1,
    },
  },
  beforeTurn: {
    ...SUPPORT,
    hookPoint: "beforeTurn",
    workflow: "agent",
    runId: "r-1",
    turnIndex: 0,
    timestamp: "2026-01-02T03:04:05.002Z",
    traceparent: RUN_TRACE,
    model: "big",
    message: "Hello",
    trigger: "cron",
  },
  afterTurn: {
    ...SUPPORT,
    hookPoint: "afterTurn",
    workflow: "agent",
    runId: "r-1",
    turnIndex: 0,
    timestamp: "2026-01-02T03:04:05.020Z",
    traceparent: RUN_TRACE,
    durationMs: 18,
    usage: USAGE,
    costUsd: 0.001500001,
    model: "big",
    toolCalls: 1,
    stopReason: "maxTokens",
  },
  onTurnError: {
    ...SUPPORT,
    hookPoint: "onTurnError",
    workflow: "agent",
    runId: "r-4",
    turnIndex: 1,
    timestamp: "2026-01-02T03:04:05.034Z",
    error: "400 bad request",
    errorType: "400",
    durationMs: 4,
    usage: NO_USAGE,
  },
  onMessageReceived: {
    ...SUPPORT,
    hookPoint: "onMessageReceived",
    workflow: "agent",
    timestamp: "2026-01-02T03:04:05.001Z",
    traceparent: SESSION_TRACE,
    channel: "web",
    messageId: "m-1",
    content: "Hello",
  },
  onMessageSent: {
    ...SUPPORT,
    hookPoint: "onMessageSent",
    workflow: "agent",
    runId: "r-1",
    timestamp: "2026-01-02T03:04:05.021Z",
    traceparent: SESSION_TRACE,
    channel: "web",
    messageId: "m-2",
    content: "Hi",
    success: true,
  },
  onSubagentSpawned: {
    ...CHILD,
    hookPoint: "onSubagentSpawned",
    runId: "r-2",
    timestamp: "2026-01-02T03:04:05.006Z",
  },
  onSubagentFinished: {
    ...CHILD,
    hookPoint: "onSubagentFinished",
    runId: "r-2",
    timestamp: "2026-01-02T03:04:05.009Z",
    outcome: "completed",
    usage: NO_USAGE,
  },
  onSubagentKilled: {
    ...CHILD,
    hookPoint: "onSubagentKilled",
    runId: "r-3",
    timestamp: "2026-01-02T03:04:05.011Z",
    outcome: "cancelled",
    usage: NO_USAGE,
  },
};

test.each(Object.keys(hookPoints) as HookName[])("the JSON of %s is as documented", (hook) => {
  const payload = payloadOf(hook, recordOfEachHook()[hook]);
  expect(JSON.parse(JSON.stringify(payload))).toEqual(asJson[hook]);
});
