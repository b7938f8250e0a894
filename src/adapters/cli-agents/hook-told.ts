import type { LifecycleEvent } from "../../lifecycle/events.ts";
import type { HookContext } from "./hook-context.ts";
import type { FinishRun } from "./hook-run.ts";
import type { ToldEnd } from "./session-story.ts";
import type { ToldRun } from "./told-runs.ts";

const isCallEnd = ({ type }: LifecycleEvent): boolean => type === "model.end";

/** What the transcripts of a session tell by now: it completes what its hooks tell. */
export class HookTold {
  readonly #context: HookContext;
  #runs: ReadonlyMap<string, ToldRun> = new Map();

  constructor(context: HookContext) {
    this.#context = context;
  }

  take(runs: ReadonlyMap<string, ToldRun>): void {
    this.#runs = runs;
  }

  /** When the first of its runs began. */
  get startedMs(): number {
    const firsts = [...this.#runs.values()].flatMap(({ events }) => events[0]?.time ?? []);
    return Math.min(...firsts);
  }

  endOf(runId: string): ToldEnd | undefined {
    return this.#runs.get(runId)?.end;
  }

  /** Tells what is known of a run's calls, all but the latest: it may still change. */
  tellProgress(runId: string): void {
    const calls = this.#runs.get(runId)?.events.filter(isCallEnd) ?? [];
    for (const event of calls.slice(0, -1)) this.#context.observe(event);
  }

  /** Tells all runs whole. */
  tellAll(): void {
    for (const [runId, told] of this.#runs) this.#tellWhole(runId, told);
  }

  /** Tells the subagents of a turn whole that no hook told of. */
  tellUnheard(turnId: string, isHeard: (runId: string) => boolean): void {
    for (const [runId, told] of this.#runs) {
      if (told.parentRunId === turnId && !isHeard(runId)) this.#tellWhole(runId, told);
    }
  }

  /** Ends a run that hooks told of: what a transcript says of a failure counts. */
  finish: FinishRun = (run, stop) => {
    const { runId, lastMessage } = run;
    const told = this.#runs.get(runId);
    for (const event of told?.events ?? []) {
      if (event.type !== "run.start" && event.type !== "subagent.spawn") {
        this.#context.observe(event);
      }
    }
    const isUndecided = stop.end.outcome === "completed" || run.stop === undefined;
    const end = isUndecided ? { ...stop.end, ...told?.end } : stop.end;
    const time = Math.max(stop.timeMs, run.startedMs);
    this.#context.observe({ type: "run.end", time, runId, ...end, lastMessage });
  };

  #tellWhole(runId: string, { events, end, endedMs }: ToldRun): void {
    for (const event of events) this.#context.observe(event);
    const outcome = end ?? { outcome: "completed" };
    this.#context.observe({ type: "run.end", time: endedMs, runId, ...outcome });
  }
}
