import { readFile } from "node:fs/promises";
import path from "node:path";
import { text } from "../../fields.ts";
import type { AgentContract } from "../../transcript.ts";
import { GeminiStory } from "./story.ts";
import { GeminiReader } from "./transcript.ts";

/** Gemini CLI: `tmp/<project>/chats/session-….jsonl` (`.json` in older versions), subagents one folder below. */
export const geminiCli = {
  id: "gemini-cli",
  title: "Gemini CLI",
  transcripts: {
    folders: (env, home) => {
      const own = env["GEMINI_CLI_HOME"] || home;
      return own ? [path.join(own, ".gemini", "tmp")] : [];
    },
    file: /\/chats\/(.*\.jsonl|session-[^/]*\.json)$/,
    sessionOf: (file) => {
      const own = /^(.*\/chats)\/session-[^/]*-([^/-]{8})\.jsonl?$/.exec(file);
      const subagent = /^(.*\/chats)\/([^/]{8})[^/]*\/[^/]+$/.exec(file);
      const [, folder, start] = own ?? subagent ?? [];
      return folder === undefined ? file : `${folder}/${start}`;
    },
    usageMarks: ['"tokens"', '"sessionId"'],
    isOwnLine: (line) =>
      text(line["sessionId"]) !== undefined && text(line["projectHash"]) !== undefined,
    describeFile: async (file) => {
      const project = file.slice(0, file.lastIndexOf("/chats/"));
      const root = await readFile(`${project}/.project_root`, "utf8").catch(() => "");
      return { cwd: text(root.trim()) };
    },
    openReader: (seen) => new GeminiReader(seen),
    openStory: (options) => new GeminiStory(options),
  },
} as const satisfies AgentContract;
