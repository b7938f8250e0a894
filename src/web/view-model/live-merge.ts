import type { SessionList, SessionSummary } from "../../server/api-types.ts";

/** What a list of sessions was asked for. */
export interface SessionFilter {
  readonly q: string | undefined;
  readonly state: string | undefined;
  readonly project: string | undefined;
  readonly agent: string | undefined;
}

const has = (text: string | null, part: string): boolean =>
  text?.toLowerCase().includes(part) === true;

/** As the server filters. */
function isWanted(session: SessionSummary, { q, state, project, agent }: SessionFilter): boolean {
  if (state !== undefined && session.state !== state) return false;
  if (project !== undefined && session.project !== project) return false;
  if (agent !== undefined && session.agent !== agent) return false;
  if (q === undefined) return true;
  const part = q.toLowerCase();
  const isById = [session.id, session.sessionId].some((id) => id?.startsWith(part) === true);
  return isById || has(session.title, part) || has(session.sessionKey, part);
}

const isNewer = (one: SessionSummary, other: SessionSummary): boolean =>
  one.lastSeenMs > other.lastSeenMs;

/** Puts sessions that changed where they belong now. Those past the last loaded page are left to it. */
export function mergeSessions(
  pages: readonly SessionList[],
  changed: readonly SessionSummary[],
  filter: SessionFilter,
): SessionList[] {
  const ids = new Set(changed.map(({ id }) => id));
  const left = pages.map((page) => ({
    ...page,
    sessions: page.sessions.filter(({ id }) => !ids.has(id)),
  }));
  for (const session of changed.filter((one) => isWanted(one, filter))) {
    const page = left.find(({ sessions, nextCursor }) => {
      const last = sessions.at(-1);
      return nextCursor === null || (last !== undefined && isNewer(session, last));
    });
    if (page === undefined) continue;
    const at = page.sessions.findIndex((other) => isNewer(session, other));
    page.sessions.splice(at === -1 ? page.sessions.length : at, 0, session);
  }
  return left;
}
