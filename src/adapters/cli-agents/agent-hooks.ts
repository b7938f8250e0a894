import { claudeHooks } from "./agents/claude-code/hooks.ts";
import { codexHooks } from "./agents/codex/hooks.ts";
import { copilotHooks } from "./agents/copilot/hooks.ts";
import { geminiHooks } from "./agents/gemini-cli/hooks.ts";
import { hawaHooks } from "./agents/hawa-code/hooks.ts";
import { qwenHooks } from "./agents/qwen-code/hooks.ts";
import type { AgentHooks } from "./hook-moment.ts";
import type { CliAgentId } from "./transcript.ts";

/** Every CLI agent's hooks. */
export const agentHooks: Readonly<Record<CliAgentId, AgentHooks>> = {
  "claude-code": claudeHooks,
  "hawa-code": hawaHooks,
  "qwen-code": qwenHooks,
  "gemini-cli": geminiHooks,
  codex: codexHooks,
  copilot: copilotHooks,
};
