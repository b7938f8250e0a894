import type { SessionSummary, TurnSummary } from "../../server/api-types.ts";

/** What a session is called: its title, else what its host calls it. */
export const nameOf = ({ title, sessionKey, sessionId, id }: SessionSummary): string =>
  [title, sessionKey, sessionId].find((name) => name !== null && name.trim() !== "") ?? id;

/** What a turn is called in its session. Turns are counted from 1 here. */
export function nameOfTurn({ kind, turnIndex, label, agent }: TurnSummary): string {
  if (kind === "subagent") return `Subagent ${label ?? agent ?? ""}`.trim();
  return turnIndex === null ? "Turn" : `Turn ${turnIndex + 1}`;
}
