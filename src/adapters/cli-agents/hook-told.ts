import type { LifecycleEvent } from "../../lifecycle/events.ts";
import type { HookContext } from "./hook-context.ts";
import type { FinishRun } from "./hook-run.ts";
import type { ToldEnd } from "./session-story.ts";
import type { ToldRun, ToldRuns } from "./told-runs.ts";

const COMPLETED: ToldEnd = { outcome: "completed" };

const isCallEnd = ({ type }: LifecycleEvent): boolean => type === "model.end";

/** What the transcripts of a session tell by now: it completes what its hooks tell. */
export class HookTold {
  readonly #context: HookContext;
  #runs: ToldRuns | undefined;

  constructor(context: HookContext) {
    this.#context = context;
  }

  take(runs: ToldRuns): void {
    this.#runs = runs;
  }

  /** When the first of its runs began. */
  get startedMs(): number {
    return this.#runs?.startedMs ?? Number.POSITIVE_INFINITY;
  }

  endOf(runId: string): ToldEnd | undefined {
    return this.#runs?.endOf(runId);
  }

  /** Tells what is known of a run's calls, all but the latest: it may still change. */
  tellProgress(runId: string): void {
    const calls = this.#runs?.find(runId)?.events.filter(isCallEnd) ?? [];
    for (const event of calls.slice(0, -1)) this.#context.observe(event);
  }

  /** Tells all runs whole. `untold`: how those ended of which nothing tells it. */
  tellAll(untold: ToldEnd = COMPLETED): void {
    for (const run of this.#runs?.all() ?? []) this.#tellWhole(run, untold);
  }

  /** Tells the subagents of a turn whole that no hook told of. */
  tellUnheard(turnId: string, isHeard: (runId: string) => boolean): void {
    for (const run of this.#runs?.subagentsOf(turnId) ?? []) {
      if (!isHeard(run.runId)) this.#tellWhole(run, COMPLETED);
    }
  }

  /** Ends a run that hooks told of: what a transcript says of a failure counts. */
  finish: FinishRun = (run, stop) => {
    const { runId, lastMessage } = run;
    const told = this.#runs?.find(runId);
    // What a transcript has under the number of a blocked turn is the next one's.
    const isBlocked = stop.end.outcome === "blocked";
    for (const event of isBlocked ? [] : (told?.events ?? [])) {
      if (event.type !== "run.start" && event.type !== "subagent.spawn") {
        this.#context.observe(event);
      }
    }
    const isUndecided = stop.end.outcome === "completed" || run.stop === undefined;
    const end = isUndecided ? { ...stop.end, ...told?.end } : stop.end;
    const time = Math.max(stop.timeMs, run.startedMs);
    this.#context.observe({ type: "run.end", time, runId, ...end, lastMessage });
  };

  #tellWhole({ runId, events, end, endedMs }: ToldRun, untold: ToldEnd): void {
    for (const event of events) this.#context.observe(event);
    this.#context.observe({ type: "run.end", time: endedMs, runId, ...(end ?? untold) });
  }
}
