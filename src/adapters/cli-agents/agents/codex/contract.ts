import path from "node:path";
import { record, text } from "../../fields.ts";
import type { AgentContract } from "../../transcript.ts";
import { CodexStory } from "./story.ts";
import { CodexReader, threadOf } from "./transcript.ts";

/** Codex: `sessions/<year>/<month>/<day>/rollout-….jsonl`, archived ones apart; old ones may be packed. */
export const codex = {
  id: "codex",
  title: "Codex",
  transcripts: {
    folders: (env, home) => {
      const own = env["CODEX_HOME"] || (home && path.join(home, ".codex"));
      return own ? [path.join(own, "sessions"), path.join(own, "archived_sessions")] : [];
    },
    file: /\/rollout-[^/]*\.jsonl(\.zst)?$/,
    sessionOf: (file) => path.posix.basename(file).replace(/\.jsonl(\.zst)?$/, ""),
    sessionIn: () => (line) => {
      const payload = record(line["payload"]);
      const id = line["type"] === "session_meta" ? text(payload["id"]) : undefined;
      return id === undefined ? undefined : threadOf(id, payload).sessionId;
    },
    usageMarks: [
      '"session_meta"',
      '"turn_context"',
      '"thread_settings_applied"',
      '"token_usage_record"',
      '"token_count"',
    ],
    isOwnLine: (line) => line["type"] === "session_meta" && "payload" in line,
    describeFile: async () => ({}),
    openReader: (seen) => new CodexReader(seen),
    openStory: (options) => new CodexStory(options),
  },
} as const satisfies AgentContract;
