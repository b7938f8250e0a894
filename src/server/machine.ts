import { existsSync } from "node:fs";
import { join } from "node:path";

/** Agents that Turnspan knows, by the folder in the home that they make. */
const agents = [
  { name: "OpenClaw", folder: ".openclaw" },
  { name: "Claude Code", folder: ".claude" },
  { name: "Codex CLI", folder: ".codex" },
  { name: "Gemini CLI", folder: ".gemini" },
  { name: "Qwen Code", folder: ".qwen" },
] as const;

export interface FoundAgent {
  readonly name: string;
  readonly evidence: string;
}

/** Finds the agents that are used on this machine. */
export const findAgents = (home: string | undefined): FoundAgent[] =>
  home === undefined
    ? []
    : agents
        .filter(({ folder }) => existsSync(join(home, folder)))
        .map(({ name, folder }) => ({ name, evidence: `~/${folder}` }));
