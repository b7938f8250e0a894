import type { RunState, SessionState } from "../../../lifecycle/state.ts";
import type { BudgetAction, BudgetScope } from "../../config/actions.ts";

/** Whose budget a run uses: its own, or that of the run that spawned it, however far up. */
export interface BudgetOwner {
  readonly session: string;
  readonly agent: string;
  readonly project: string;
}

export function ownerOf(run: RunState): BudgetOwner {
  const session = rootSession(run.session);
  return {
    session: describeSession(session),
    agent: run.agentId ?? session.agentId ?? "",
    project: session.details?.project ?? session.details?.cwd ?? "",
  };
}

/**
 * One that a host names by an id goes on after a restart; a key alone is used again and again, for one
 * session after the other, and each begins anew.
 */
function describeSession({ sessionKey, sessionId, generation, openedAt }: SessionState): string {
  const isNamed = sessionId !== undefined && sessionId !== sessionKey;
  const which = isNamed ? sessionId : new Date(openedAt).toISOString();
  return `${sessionKey} (${generation}, ${which})`;
}

/** A subagent's own session is its spawner's as far as budgets go. */
const rootSession = (session: SessionState): SessionState =>
  session.parent === undefined ? session : rootSession(session.parent.session);

/** The scopes of a budget with their values at a time (epoch ms), such as `agent main, day 2026-11-21`. */
export function describeBucket(
  { per, timeZone }: BudgetAction,
  owner: BudgetOwner,
  time: number,
): string {
  const values: Readonly<Record<BudgetScope, () => string>> = {
    session: () => owner.session,
    agent: () => owner.agent,
    project: () => owner.project,
    day: () => localDay(time, timeZone),
  };
  return per.map((scope) => `${scope} ${values[scope]()}`).join(", ");
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** The calendar day where the user is: a budget per day begins at their midnight. */
export function localDay(time: number, timeZone: string | undefined): string {
  const key = timeZone ?? "";
  // Making a format takes longer than a thousand uses of it.
  const known = formats.get(key) ?? createFormat(timeZone);
  formats.set(key, known);
  return known.format(time);
}

/** Sweden writes dates as ISO 8601 does. */
const createFormat = (timeZone: string | undefined): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", ...(timeZone && { timeZone }) });
