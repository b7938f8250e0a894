import type { LifecycleEvent } from "../../lifecycle/events.ts";
import type { Verdict } from "../../lifecycle/hand-over.ts";
import { agentHooks } from "./agent-hooks.ts";
import { forgetOldest } from "./bounded.ts";
import type { HookMoment } from "./hook-moment.ts";
import { HookSession } from "./hook-session.ts";
import type { CliAgentId } from "./transcript.ts";

/** An event that two settings files ask for is told twice, within moments. */
const REPEATED_MS = 10_000;
/** Events of a session, and sessions, of which it is known. */
const MAX_REMEMBERED = 1024;

type ObserveAgent = (agent: CliAgentId, event: LifecycleEvent) => Promise<Verdict> | undefined;

/** Makes lifecycle events of the hooks of all sessions; moments come in the order of their times. */
export class HookSessions {
  readonly #observe: ObserveAgent;
  readonly #sessions = new Map<string, HookSession>();
  /** Times of events by what they said, by session. */
  readonly #seen = new Map<string, Map<string, number>>();

  constructor(observe: ObserveAgent) {
    this.#observe = observe;
  }

  /** Sessions that were told of, also those that have ended a while ago. */
  get all(): readonly HookSession[] {
    return [...this.#sessions.values()];
  }

  /** The session a moment is of, made where it is new. */
  sessionOf(moment: HookMoment): HookSession {
    const key = keyOf(moment);
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const session = new HookSession(moment, {
      hooks: agentHooks[moment.agent],
      observe: (event) => void this.#observe(moment.agent, event),
      ask: (event) => this.#observe(moment.agent, event),
    });
    this.#sessions.set(key, session);
    return session;
  }

  /**
   * Whether a moment is one that was told before. Without a time in it, what a session says when it ends
   * again is what it said before: an end and a start forget what was said until then.
   */
  isRepeated(moment: HookMoment): boolean {
    const { id, timeMs, kind } = moment;
    const seen = this.#seen.get(keyOf(moment)) ?? new Map<string, number>();
    const before = seen.get(id);
    if (before !== undefined && timeMs - before < REPEATED_MS) return true;
    if (kind === "session.start" || kind === "session.end") seen.clear();
    seen.set(id, timeMs);
    forgetOldest(seen, MAX_REMEMBERED);
    this.#seen.delete(keyOf(moment));
    this.#seen.set(keyOf(moment), seen);
    forgetOldest(this.#seen, MAX_REMEMBERED);
    return false;
  }

  take(moment: HookMoment): void {
    if (this.isRepeated(moment)) return;
    this.sessionOf(moment).take(moment);
  }

  /** What the guards say of the turn that a prompt has begun. */
  verdictOf(agent: CliAgentId, sessionId: string, promptId: string): Promise<Verdict> | undefined {
    return this.#sessions.get(keyOf({ agent, sessionId }))?.verdictOf(promptId);
  }

  forget(session: HookSession): void {
    const { latest } = session;
    if (latest !== undefined) this.#sessions.delete(keyOf(latest));
  }
}

const keyOf = ({ agent, sessionId }: Pick<HookMoment, "agent" | "sessionId">): string =>
  `${agent} ${sessionId}`;
