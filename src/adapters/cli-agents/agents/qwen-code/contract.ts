import path from "node:path";
import { record, text } from "../../fields.ts";
import { readMetaFile } from "../../meta-file.ts";
import type { AgentContract } from "../../transcript.ts";
import { QwenStory } from "./story.ts";
import { QwenReader } from "./transcript.ts";

/** Qwen Code: `projects/<folder>/chats/<session>.jsonl`, subagents in `../subagents/<session>/`. */
export const qwenCode = {
  id: "qwen-code",
  title: "Qwen Code",
  transcripts: {
    folders: (env, home) => {
      const own = env["QWEN_RUNTIME_DIR"] || env["QWEN_HOME"];
      if (own) return [path.join(own, "projects")];
      return home ? [path.join(home, ".qwen", "projects")] : [];
    },
    file: /\/(chats|subagents)\/.*\.jsonl$/,
    sessionOf: (file) => {
      const folder = /\/subagents\/([^/]+)\//.exec(file)?.[1];
      return folder ?? path.posix.basename(file, ".jsonl");
    },
    usageMarks: ['"usageMetadata"', '"qwen-code.api_response"'],
    isOwnLine: (line) =>
      text(line["sessionId"]) !== undefined &&
      "parentUuid" in line &&
      (Array.isArray(record(line["message"])["parts"]) || "systemPayload" in line),
    describeFile: async (file) => {
      if (!file.includes("/subagents/")) return {};
      const meta = await readMetaFile(file);
      return {
        subagent: text(meta["agentType"]),
        toolCallId: text(meta["toolUseId"]),
        label: text(meta["description"]),
        model: text(meta["model"]),
      };
    },
    openReader: (seen) => new QwenReader(seen),
    openStory: (options) => new QwenStory(options),
  },
} as const satisfies AgentContract;
