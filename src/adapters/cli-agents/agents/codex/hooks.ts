import type { AgentHooks } from "../../hook-moment.ts";

/** Codex' hooks: a failed turn is told by none. */
export const codexHooks = {
  events: {
    SessionStart: "session.start",
    SessionEnd: "session.end",
    UserPromptSubmit: "prompt",
    PreToolUse: "tool.start",
    PostToolUse: "tool.end",
    Stop: "stop",
    Interrupt: "stop",
    SubagentStart: "subagent.start",
    SubagentStop: "subagent.stop",
    PermissionRequest: "waits",
  },
  danglingEnd: { outcome: "failed" },
} as const satisfies AgentHooks;
