import type { LifecycleEvent } from "../../lifecycle/events.ts";
import type { Verdict } from "../../lifecycle/hand-over.ts";
import type { ToldEnd } from "./session-story.ts";

/** What may still come of a run that has stopped: a second stop, the last lines of its transcript. */
const GRACE_MS = 2000;

/** How and when a run stopped. */
export interface HookStop {
  readonly timeMs: number;
  readonly end: ToldEnd;
}

/** A turn or subagent that runs. */
export interface HookRun {
  readonly runId: string;
  readonly startedMs: number;
  /** Of a turn: how many there were before it. */
  readonly turn?: number;
  /** The prompt that began it, and what the guards say of it. */
  readonly prompt?: { readonly id: string; readonly verdict: Promise<Verdict> | undefined };
  /** It has stopped, and may go on. */
  stop: HookStop | undefined;
  /** Something went wrong in it: how it ends, if nothing is heard of it after that. */
  failure?: ToldEnd | undefined;
  lastMessage?: string | undefined;
  /** What happened in it while nobody knows yet where it hangs. */
  held?: LifecycleEvent[] | undefined;
}

/** Whether a run has stopped and had its grace. */
export const isOver = (run: HookRun, nowMs: number): run is HookRun & { stop: HookStop } =>
  run.stop !== undefined && nowMs >= run.stop.timeMs + GRACE_MS;

/** Ends a run with all that is known of it. */
export type FinishRun = (run: HookRun, stop: HookStop) => void;
