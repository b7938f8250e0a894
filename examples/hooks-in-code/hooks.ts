// All eleven hooks, attached in code. A guard may stop a turn; the others are told.
import { appendFileSync } from "node:fs";
import type { HookEngine, HookPayloads } from "turnspan";

export interface Surroundings {
  readonly maxTurns: number;
  /** One JSON line for each change of settings. */
  readonly auditFile: string;
  /** Wakes whoever waits for this. */
  readonly signalWorkflow: (workflowId: string, stopReason: string) => void;
  readonly page: (text: string) => void;
  readonly say: (text: string) => void;
}

/** Attaches everything; disposing what comes back detaches it. */
export function attachHooks(hooks: HookEngine, around: Surroundings): Disposable {
  const attached = new DisposableStack();
  for (const attach of [attachSessionHooks, attachTurnHooks, attachMessageHooks]) {
    attached.use(attach(hooks, around));
  }
  attached.use(attachSubagentHooks(hooks, around));
  return attached;
}

function attachSessionHooks(hooks: HookEngine, around: Surroundings): Disposable {
  const { auditFile, signalWorkflow, say } = around;
  const attached = new DisposableStack();
  attached.use(
    hooks.on("session:start", ({ sessionKey, agentId }) => say(`${agentId} opened ${sessionKey}`)),
  );
  attached.use(
    hooks.on("session:patch", (event) => appendFileSync(auditFile, `${JSON.stringify(event)}\n`)),
  );
  attached.use(
    hooks.on("session:end", ({ context: { stopReason, metadata } }) => {
      const workflowId = metadata?.["workflowId"];
      if (typeof workflowId === "string") signalWorkflow(workflowId, stopReason);
    }),
  );
  return attached;
}

function attachTurnHooks(hooks: HookEngine, around: Surroundings): Disposable {
  const { maxTurns, page, say } = around;
  const attached = new DisposableStack();
  attached.use(
    hooks.on(
      "beforeTurn",
      ({ turnIndex, parent }) =>
        // A subagent's run asks too; it has the index of the turn that spawned it.
        turnIndex >= maxTurns && parent === undefined
          ? { abort: true, reason: `${maxTurns} turns are enough` }
          : undefined,
      { name: "turn-limit", priority: 1, onFailure: "closed" },
    ),
  );
  attached.use(
    hooks.on("afterTurn", ({ turnIndex, toolCalls, usage }) =>
      say(`turn ${turnIndex}: ${toolCalls} tool calls, ${usage.outputTokens} tokens out`),
    ),
  );
  attached.use(
    hooks.on("onTurnError", ({ agentId, errorType, error }) =>
      page(`${agentId} failed with ${errorType}: ${error}`),
    ),
  );
  return attached;
}

function attachMessageHooks(hooks: HookEngine, { say }: Surroundings): Disposable {
  const attached = new DisposableStack();
  attached.use(
    hooks.on("onMessageReceived", ({ channel, messageId }) => say(`${channel} > ${messageId}`)),
  );
  attached.use(
    hooks.on("onMessageSent", ({ channel, messageId }) => say(`${channel} < ${messageId}`)),
  );
  return attached;
}

function attachSubagentHooks(hooks: HookEngine, { say }: Surroundings): Disposable {
  const tell = ({ hookPoint, agentId, label, parent }: SubagentPayload): void =>
    say(`${hookPoint}: ${agentId} (${label}) of ${parent?.agentId}`);
  const attached = new DisposableStack();
  attached.use(hooks.on("onSubagentSpawned", tell));
  attached.use(hooks.on("onSubagentFinished", tell));
  attached.use(hooks.on("onSubagentKilled", tell));
  return attached;
}

type SubagentPayload = HookPayloads[
  | "onSubagentSpawned"
  | "onSubagentFinished"
  | "onSubagentKilled"];
