import type { LifecycleEvent } from "../../src/lifecycle/events.ts";
import type { Turn } from "../../src/lifecycle/turn.ts";
import type { Turnspan } from "../../src/turnspan.ts";

const usage = {
  inputTokens: 1000,
  outputTokens: 100,
  cacheReadTokens: 400,
  cacheWriteTokens: 50,
  reasoningTokens: 20,
} as const;

const failing = (): never => {
  throw new RangeError("too long");
};
const aborted = (): never => AbortSignal.abort().throwIfAborted() as never;
const quiet = async (work: Promise<unknown>): Promise<void> => {
  await work.catch(() => undefined);
};

/** Calls of every kind and end; those of `priced-model` have a price. */
async function makeCalls(turn: Turn): Promise<void> {
  const input = "prompt";
  await turn.modelCall({ provider: "p", model: "priced-model", stream: true, input }, (call) => {
    call.firstToken();
    call.response({ model: "priced-model-1", id: "r", usage, stopReason: "stop", output: "text" });
  });
  await turn.modelCall({ provider: "p", model: "unknown" }, (call) => call.response({ usage }));
  await quiet(turn.modelCall({ provider: "p", model: "priced-model" }, failing));
  await quiet(turn.modelCall({ provider: "p", model: "priced-model" }, aborted));
  await turn.toolCall({ name: "read", callId: "t", input }, (call) => call.result("text"));
  await quiet(turn.toolCall({ name: "read" }, failing));
  await quiet(turn.toolCall({ name: "read" }, aborted));
}

/** A library's session in which everything happens that the library can tell. */
export async function runLibrary(turnspan: Turnspan): Promise<void> {
  const { hooks } = turnspan;
  using _abort = hooks.on("beforeTurn", async ({ message }) =>
    message === "blocked" ? { abort: true, reason: "no" } : undefined,
  );
  using _failure = hooks.on("afterTurn", () => Promise.reject(new Error("broken")));
  const session = turnspan.openSession({
    sessionKey: "web:42",
    sessionId: "s-42",
    agentId: "support",
    resumedFrom: "s-41",
    metadata: { workflowId: "w-7" },
    userId: "u-7",
    project: "/src/project",
    repository: "https://example.com/project.git",
    branch: "main",
    settings: { model: "unknown" },
  });
  session.messageReceived({ messageId: "m-1", channel: "web" });
  await session.turn(
    { model: "priced-model", trigger: "user", channel: "web", message: "Hi" },
    async (turn) => {
      await makeCalls(turn);
      turn.attempt(2, { reason: "overloaded", delayMs: 5 });
      session.patch(
        { model: "priced-model", apiKey: "k" },
        { source: "settings", actor: { kind: "operator", id: "u-7", evidence: "login" } },
      );
      session.patch({ label: "named" });
      const about = { type: "session.wait", sessionKey: session.sessionKey } as const;
      turnspan.observe({ ...about, time: Date.now(), waitsFor: "permission" });
      turnspan.observe({ ...about, time: Date.now() });
      await makeCalls(turn);
      turn.reply("Hello", "stop");
    },
  );
  await session.turn({ message: "blocked", onBlocked: () => undefined }, () => undefined);
  await quiet(session.turn({ model: "priced-model", provider: "p" }, failing));
  turnspan.observe({
    type: "message.sent",
    time: Date.now(),
    sessionKey: "web:42",
    messageId: "m-2",
    channel: "web",
    runId: "r-1",
    success: false,
    error: "gone",
  });
  turnspan.observe({
    type: "message.received",
    time: Date.now(),
    sessionKey: "web:42",
    messageId: "m-3",
    runId: "r-1",
  });
  await runSubagents(turnspan, session.sessionKey);
  // The hook that rejects is heard of before the end.
  await hooks.settled(1000);
  session.end("done");
}

/** Subagents as hosts tell of them: with trigger and channel, tried twice, stopped by a guard, killed. */
async function runSubagents(turnspan: Turnspan, parentSessionKey: string): Promise<void> {
  const parent = { parentSessionKey, parentRunId: "parent" };
  const time = Date.now();
  const tell = (...events: readonly LifecycleEvent[]): void => {
    for (const event of events) void turnspan.observe(event);
  };
  const about = { trigger: "cron", channel: "web", provider: "p", model: "priced-model" };
  tell({ type: "run.start", time, sessionKey: parentSessionKey, runId: "parent" });
  for (const [runId, outcome] of [
    ["finished", "failed"],
    ["blocked", "blocked"],
    ["killed", "cancelled"],
    ["well", "completed"],
  ] as const) {
    const child = { sessionKey: `sub:${runId}`, sessionId: runId, agentId: "writer", runId };
    const call = { runId, provider: "p", model: "priced-model" };
    tell(
      { ...child, ...parent, type: "subagent.spawn", time, label: "draft", agentName: "Writer" },
      { ...child, ...about, type: "run.start", time, message: "Write" },
      { type: "run.attempt", time, runId, attempt: 2 },
      { ...call, type: "model.start", time, callId: "c1" },
      { ...call, type: "model.end", time, callId: "c1", usage, requestBytes: 7, responseBytes: 9 },
      { ...call, type: "model.start", time, callId: "c2", model: "unknown" },
      { ...call, type: "model.end", time, callId: "c2", model: "unknown" },
      { type: "tool.start", time, runId, callId: "t", name: "read" },
      { type: "tool.end", time, runId, callId: "t" },
    );
    if (outcome === "blocked") {
      tell({ type: "run.blocked", time, runId, reason: "no", hook: "guard" });
    }
    tell({
      type: "run.end",
      time,
      runId,
      outcome,
      stopReason: "stop",
      usage: { inputTokens: 3000 },
      lastMessage: "Done",
      ...(outcome === "failed" ? { error: "too long", errorType: "RangeError" } : {}),
    });
  }
  tell({ type: "run.end", time, runId: "parent", outcome: "completed" });
  tell({ type: "tool.start", time, runId: "parent", callId: "late", name: "read" });
}
