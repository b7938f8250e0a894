import { existsSync } from "node:fs";
import { join } from "node:path";

/** Agents that Turnspan knows, by the folder in the home that they make. */
const agents = [
  { name: "OpenClaw", folder: ".openclaw", command: "openclaw plugins install turnspan" },
  { name: "Claude Code", folder: ".claude", command: "turnspan install claude-code" },
  { name: "Hawa Code", folder: ".hcode", command: "turnspan install hawa-code" },
  { name: "Codex CLI", folder: ".codex", command: "turnspan install codex" },
  { name: "Gemini CLI", folder: ".gemini", command: "turnspan install gemini-cli" },
  { name: "Qwen Code", folder: ".qwen", command: "turnspan install qwen-code" },
] as const;

export interface FoundAgent {
  readonly name: string;
  readonly evidence: string;
  /** Makes the agent tell of its sessions. */
  readonly command: string;
}

/** Finds the agents that are used on this machine. */
export const findAgents = (home: string | undefined): FoundAgent[] =>
  home === undefined
    ? []
    : agents
        .filter(({ folder }) => existsSync(join(home, folder)))
        .map(({ name, folder, command }) => ({ name, evidence: `~/${folder}`, command }));
