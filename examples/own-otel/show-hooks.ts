import type { HookEngine } from "turnspan";

/** Prints which runs the hooks hear of, and whose they are. */
export function showHooks(hooks: HookEngine): void {
  hooks.on("beforeTurn", ({ agentId, thirdParty }) => {
    console.log(`beforeTurn: ${agentId}${thirdParty ? ", another library's" : ""}`);
  });
  hooks.on("afterTurn", ({ agentId, costUsd }) => {
    console.log(`afterTurn: ${agentId}, ${costUsd} USD`);
  });
  hooks.on("onTurnError", ({ agentId, error, thirdParty }) => {
    console.log(`onTurnError: ${agentId}${thirdParty ? ", another library's" : ""}: ${error}`);
  });
}
