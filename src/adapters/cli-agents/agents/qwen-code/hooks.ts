import type { AgentHooks } from "../../hook-moment.ts";

/** Qwen Code's hooks: a failed turn is told by none, nor is the end without a terminal. */
export const qwenHooks = {
  events: {
    SessionStart: "session.start",
    SessionEnd: "session.end",
    UserPromptSubmit: "prompt",
    PreToolUse: "tool.start",
    PostToolUse: "tool.end",
    PostToolUseFailure: "tool.end",
    PostToolBatch: "tools.done",
    Stop: "stop",
    StopFailure: "stop",
    SubagentStart: "subagent.start",
    SubagentStop: "subagent.stop",
    Notification: "waits",
    PermissionRequest: "waits",
  },
  danglingEnd: { outcome: "failed" },
  waitsForSubagents: true,
  endsInSilence: true,
} as const satisfies AgentHooks;
