// Hooks without any telemetry: no SDK, no exporter, no collector. Run it in the checkout with
//
//     node --conditions=turnspan-source examples/hooks-in-code/main.ts [AUDIT FILE]
import { mkdtempDisposableSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createTurnspan, type Session, type Turn } from "turnspan";
import { attachHooks } from "./hooks.ts";

using folder = mkdtempDisposableSync(path.join(tmpdir(), "hooks-in-code-"));
const auditFile = process.argv[2] ?? path.join(folder.path, "audit.jsonl");
const turnspan = createTurnspan();
using _hooks = attachHooks(turnspan.hooks, {
  maxTurns: 2,
  auditFile,
  signalWorkflow: (id, stopReason) => console.log(`workflow ${id} goes on: ${stopReason}`),
  page: (text) => console.log(`PAGE: ${text}`),
  say: (text) => console.log(text),
});

async function work(turn: Turn): Promise<void> {
  await turn.toolCall({ name: "search" }, () => "three results");
  await turn.subagent({ agentId: "reader", label: "page 1" }, () => "read");
  const tooSlow = AbortSignal.abort();
  await turn
    .subagent({ agentId: "reader", label: "page 2" }, () => tooSlow.throwIfAborted())
    .catch(() => undefined);
  await turn.modelCall({ model: "some-model" }, (call) =>
    call.response({ usage: { inputTokens: 900, outputTokens: 120 }, stopReason: "stop" }),
  );
}

async function converse(session: Session): Promise<void> {
  session.messageReceived({ channel: "chat", messageId: "m-1" });
  await session.turn({}, work);
  session.messageSent({ channel: "chat", messageId: "m-2" });
  session.patch({ thinkingLevel: "high" }, { actor: { kind: "sender", id: "user-3" } });
  await session
    .turn({}, () => {
      throw new RangeError("the answer is too long");
    })
    .catch(() => undefined);
  const answer = await session.turn({ onBlocked: ({ reason }) => `refused: ${reason}` }, () => "!");
  console.log(answer);
}

{
  using session = turnspan.openSession({
    sessionKey: "chat:7",
    agentId: "researcher",
    metadata: { workflowId: "wf-7" },
    settings: { thinkingLevel: "low" },
  });
  await converse(session);
}
console.log(`audit: ${readFileSync(auditFile, "utf8").trimEnd()}`);
