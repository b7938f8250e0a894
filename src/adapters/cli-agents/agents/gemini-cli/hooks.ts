import type { AgentHooks } from "../../hook-moment.ts";

/** Gemini CLI's hooks: they have no ids, and tell of no failed turn. */
export const geminiHooks = {
  events: {
    SessionStart: "session.start",
    SessionEnd: "session.end",
    BeforeAgent: "prompt",
    BeforeTool: "tool.start",
    AfterTool: "tool.end",
    AfterAgent: "stop",
    Notification: "waits",
  },
  danglingEnd: { outcome: "failed" },
  hasNoIds: true,
} as const satisfies AgentHooks;
