import type { AgentHooks } from "../../hook-moment.ts";

/** Claude Code's hooks; an interrupted turn is told by none. */
export const claudeHooks = {
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
    ConfigChange: "config",
  },
  danglingEnd: { outcome: "cancelled" },
} as const satisfies AgentHooks;
