import { claudeCode } from "./agents/claude-code/contract.ts";
import { codex } from "./agents/codex/contract.ts";
import { copilot } from "./agents/copilot/contract.ts";
import { geminiCli } from "./agents/gemini-cli/contract.ts";
import { hawaCode } from "./agents/hawa-code/contract.ts";
import { qwenCode } from "./agents/qwen-code/contract.ts";
import type { AgentContract, CliAgentId } from "./transcript.ts";

/** Every CLI agent whose transcripts can be read. */
export const cliAgents = {
  "claude-code": claudeCode,
  "hawa-code": hawaCode,
  "qwen-code": qwenCode,
  "gemini-cli": geminiCli,
  codex,
  copilot,
} as const satisfies Record<CliAgentId, AgentContract>;

/** Those whose transcripts are read. */
export const agentsWithTranscripts: readonly CliAgentId[] = Object.values(cliAgents)
  .filter(({ transcripts }) => transcripts.usageMarks.length > 0)
  .map(({ id }) => id);

export const isCliAgent = (name: string): name is CliAgentId => Object.hasOwn(cliAgents, name);
