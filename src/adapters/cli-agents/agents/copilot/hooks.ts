import { type Fields, text } from "../../fields.ts";
import type { AgentHooks } from "../../hook-moment.ts";

/** What the hooks of a subagent tell is told of a session of its own, which is named by the subagent's id. */
const SUBAGENT_EVENTS: Readonly<Record<string, string>> = {
  UserPromptSubmit: "SubagentStart",
  Stop: "SubagentTurn",
};

/** Makes what a subagent tells part of its session, and tells errors that end a turn from others. */
function normalize(payload: Fields): Fields {
  const event = text(payload["hook_event_name"]);
  if (event === "ErrorOccurred" && payload["recoverable"] === false) {
    return { ...payload, hook_event_name: "StopFailure" };
  }
  const parent = text(payload["parent_agent_id"]);
  const isSubagents = parent !== undefined && payload["session_id"] === payload["agent_id"];
  if (!isSubagents || event === undefined) return payload;
  return {
    ...payload,
    session_id: parent,
    hook_event_name: SUBAGENT_EVENTS[event] ?? event,
  };
}

/**
 * GitHub Copilot CLI's hooks, as they are for names in Pascal case. They have no ids of turns and calls; a failed turn
 * is told by an error and nothing after it.
 */
export const copilotHooks = {
  events: {
    SessionStart: "session.start",
    SessionEnd: "session.end",
    UserPromptSubmit: "prompt",
    PreToolUse: "tool.start",
    PostToolUse: "tool.end",
    PostToolUseFailure: "tool.end",
    Stop: "stop",
    StopFailure: "stop",
    ErrorOccurred: "error",
    SubagentStart: "subagent.start",
    SubagentStop: "subagent.stop",
  },
  normalize,
  danglingEnd: { outcome: "cancelled" },
  hasNoTranscript: true,
} as const satisfies AgentHooks;

/**
 * Whether an event that came by Claude Code's hooks is Copilot's, which runs those of a repository too: its payloads
 * have the time and, but for ends of turns, no transcript; Claude Code's are the other way round.
 */
export const isCopilots = (payload: Fields): boolean =>
  text(payload["timestamp"]) !== undefined &&
  text(payload["hook_event_name"])?.startsWith("Turnspan") === false &&
  payload["permission_mode"] === undefined &&
  (payload["transcript_path"] === undefined || payload["stop_reason"] !== undefined);
