import path from "node:path";
import { text } from "../../fields.ts";
import { readMetaFile } from "../../meta-file.ts";
import type { AgentContract } from "../../transcript.ts";
import { ClaudeStory } from "./story.ts";
import { ClaudeReader } from "./transcript.ts";

const SUBAGENT_FILE = /\/agent-[^/]+\.jsonl$/;

/** Claude Code: `projects/<folder>/<session>.jsonl`, subagents in `<session>/subagents/`. */
export const claudeCode = {
  id: "claude-code",
  title: "Claude Code",
  transcripts: {
    folders: (env, home) => {
      const own = env["CLAUDE_CONFIG_DIR"];
      if (own) return [path.join(own, "projects")];
      if (!home) return [];
      const config = env["XDG_CONFIG_HOME"] || path.join(home, ".config");
      return [path.join(home, ".claude", "projects"), path.join(config, "claude", "projects")];
    },
    file: /\.jsonl$/,
    sessionOf: (file) => {
      const folder = /([^/]+)\/subagents\//.exec(file)?.[1];
      return folder ?? path.posix.basename(file, ".jsonl");
    },
    sessionIn: (file) =>
      SUBAGENT_FILE.test(file) && !file.includes("/subagents/")
        ? (line) => text(line["sessionId"])
        : undefined,
    usageMarks: ['"usage"', '"cost-state"'],
    isOwnLine: (line) =>
      text(line["sessionId"]) !== undefined &&
      ("userType" in line || line["type"] === "queue-operation"),
    describeFile: async (file) => {
      if (!SUBAGENT_FILE.test(file)) return {};
      const meta = await readMetaFile(file);
      return {
        subagent: text(meta["agentType"]),
        toolCallId: text(meta["toolUseId"]),
        label: text(meta["description"]),
      };
    },
    openReader: (seen) => new ClaudeReader(seen),
    openStory: (options) => new ClaudeStory(options),
  },
} as const satisfies AgentContract;
