import type { LifecycleEvent } from "../../lifecycle/events.ts";
import { agentHooks } from "./agent-hooks.ts";
import { forgetOldest } from "./bounded.ts";
import type { HookMoment } from "./hook-moment.ts";
import { HookSession } from "./hook-session.ts";
import type { CliAgentId } from "./transcript.ts";

/** An event that two settings files ask for is told twice, within moments. */
const REPEATED_MS = 10_000;
const MAX_REMEMBERED = 4096;

/** Makes lifecycle events of the hooks of all sessions; moments come in the order of their times. */
export class HookSessions {
  readonly #observe: (agent: CliAgentId, event: LifecycleEvent) => void;
  readonly #sessions = new Map<string, HookSession>();
  readonly #seen = new Map<string, number>();

  constructor(observe: (agent: CliAgentId, event: LifecycleEvent) => void) {
    this.#observe = observe;
  }

  /** Sessions that were told of, also those that have ended a while ago. */
  get all(): readonly HookSession[] {
    return [...this.#sessions.values()];
  }

  /** The session a moment is of, made where it is new. */
  sessionOf(moment: HookMoment): HookSession {
    const key = `${moment.agent} ${moment.sessionId}`;
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const session = new HookSession(moment, {
      hooks: agentHooks[moment.agent],
      observe: (event) => this.#observe(moment.agent, event),
    });
    this.#sessions.set(key, session);
    return session;
  }

  /** Whether a moment is one that was told before. */
  isRepeated({ id, timeMs }: HookMoment): boolean {
    const before = this.#seen.get(id);
    if (before !== undefined && timeMs - before < REPEATED_MS) return true;
    this.#seen.delete(id);
    this.#seen.set(id, timeMs);
    forgetOldest(this.#seen, MAX_REMEMBERED);
    return false;
  }

  take(moment: HookMoment): void {
    if (this.isRepeated(moment)) return;
    this.sessionOf(moment).take(moment);
  }

  forget(session: HookSession): void {
    const { latest } = session;
    if (latest !== undefined) this.#sessions.delete(`${latest.agent} ${latest.sessionId}`);
  }
}
