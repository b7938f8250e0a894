import type { LifecycleEvent, RunStart, Settings } from "../../lifecycle/events.ts";
import type { Verdict } from "../../lifecycle/hand-over.ts";
import type { AgentHooks, HookMoment } from "./hook-moment.ts";
import { sessionKeyOf } from "./story-events.ts";
import type { CliAgentId } from "./transcript.ts";

export interface HookSessionOptions {
  readonly hooks: AgentHooks;
  readonly observe: (event: LifecycleEvent) => void;
  /** The same for what starts a turn: gives back what the guards say, where there are guards. */
  readonly ask: (event: RunStart) => Promise<Verdict> | undefined;
}

/** What the parts of a session know of it. */
export interface HookContext extends HookSessionOptions {
  readonly agent: CliAgentId;
  readonly sessionId: string;
  readonly sessionKey: string;
  /** As they were told last. */
  readonly settings: Settings;
  readonly lastSignMs: number;
}

/** The same for the session itself, which keeps it up to date. */
export interface OwnContext extends HookContext {
  settings: Settings;
  lastSignMs: number;
}

/** Of a session of which nothing was told yet. */
export const createContext = (
  { agent, sessionId }: Pick<HookMoment, "agent" | "sessionId">,
  options: HookSessionOptions,
): OwnContext => ({
  ...options,
  ...{ agent, sessionId, sessionKey: sessionKeyOf(agent, sessionId) },
  settings: {},
  lastSignMs: Number.NEGATIVE_INFINITY,
});
