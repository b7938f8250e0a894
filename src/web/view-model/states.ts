import type { SpanKind } from "../../server/api-trace-types.ts";
import type { SessionState, SessionSummary, TurnState } from "../../server/api-types.ts";

/** What a state is drawn like; it is always written out too. */
export type Tone = "good" | "live" | "waiting" | "bad" | "stopped" | "quiet";

interface ShownState {
  readonly label: string;
  readonly tone: Tone;
  readonly means: string;
}

export const sessionStates: Readonly<Record<SessionState, ShownState>> = {
  running: { label: "Running", tone: "live", means: "A turn is under way" },
  waiting: { label: "Waiting for you", tone: "waiting", means: "Open, and the next turn is yours" },
  ended: { label: "Ended", tone: "quiet", means: "It was closed" },
  untracked: {
    label: "Spans only",
    tone: "quiet",
    means: "Seen through spans of another instrumentation, which tell of no start or end",
  },
};

/** What agents wait for in the middle of a turn, in the user's words. */
const waits: ReadonlyMap<string, string> = new Map([
  ["permission", "It asks for your permission"],
  ["input", "It asks for your answer"],
]);

/** How a session's state is drawn: one that waits says what for. */
export function showSession({
  state,
  waitsFor,
}: Pick<SessionSummary, "state" | "waitsFor">): ShownState {
  const shown = sessionStates[state];
  if (state !== "waiting" || waitsFor === null) return shown;
  return { ...shown, means: waits.get(waitsFor) ?? `It waits for ${waitsFor}` };
}

export const turnStates: Readonly<Record<TurnState, ShownState>> = {
  running: { label: "Running", tone: "live", means: "It is under way" },
  completed: { label: "Completed", tone: "good", means: "It ended well" },
  failed: { label: "Failed", tone: "bad", means: "It ended with an error" },
  blocked: { label: "Blocked", tone: "stopped", means: "A guard did not let it run" },
  cancelled: { label: "Cancelled", tone: "quiet", means: "The user or the host stopped it" },
  abandoned: { label: "Abandoned", tone: "bad", means: "Its process died" },
};

export const spanKinds: Readonly<Record<SpanKind, { readonly label: string }>> = {
  session: { label: "Session" },
  turn: { label: "Turn" },
  subagent: { label: "Subagent" },
  model_call: { label: "Model call" },
  tool_call: { label: "Tool call" },
  other: { label: "Span" },
};
