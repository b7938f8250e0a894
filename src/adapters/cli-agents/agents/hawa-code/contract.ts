import path from "node:path";
import type { AgentContract } from "../../transcript.ts";
import { claudeCode } from "../claude-code/contract.ts";
import { ClaudeStory } from "../claude-code/story.ts";
import { ClaudeReader } from "../claude-code/transcript.ts";

const AGENT = "hawa-code";

/** Hawa Code: `.hcode/projects/<folder>/<session>.jsonl`, with lines as Claude Code writes them. */
export const hawaCode = {
  id: AGENT,
  title: "Hawa Code",
  transcripts: {
    ...claudeCode.transcripts,
    folders: (_, home) => (home ? [path.join(home, ".hcode", "projects")] : []),
    openReader: (seen) => new ClaudeReader(seen, AGENT),
    openStory: (options) => new ClaudeStory(options, AGENT),
  },
} as const satisfies AgentContract;
