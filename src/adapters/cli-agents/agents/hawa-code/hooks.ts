import type { AgentHooks } from "../../hook-moment.ts";

/**
 * Of Hawa Code's hooks the end of a session is used: its manual has none for a prompt, so that turns are
 * known from the transcript alone, and that is read then.
 */
export const hawaHooks = {
  events: { SessionEnd: "session.end" },
  danglingEnd: { outcome: "cancelled" },
  tellsOnlyEnds: true,
} as const satisfies AgentHooks;
