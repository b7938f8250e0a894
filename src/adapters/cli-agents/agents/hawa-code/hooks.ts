import type { AgentHooks } from "../../hook-moment.ts";

/** Hawa Code has one hook that tells of a session: its end. The transcript has what came before. */
export const hawaHooks = {
  events: { SessionEnd: "session.end" },
  danglingEnd: { outcome: "cancelled" },
  tellsOnlyEnds: true,
} as const satisfies AgentHooks;
