import type { LifecycleEvent } from "../../lifecycle/events.ts";
import type { ToldSession } from "./read-story.ts";
import type { ToldEnd } from "./session-story.ts";
import { subagentParent, toRunEvents } from "./story-events.ts";
import { type StoryRun, StoryRuns } from "./story-runs.ts";

/** What the transcripts of a session tell of one run. */
export interface ToldRun {
  readonly runId: string;
  /** Its calls, tools and, of a subagent, its spawning and start; not its end. */
  readonly events: readonly LifecycleEvent[];
  /** Absent where they do not say how it ended. */
  readonly end: ToldEnd | undefined;
  readonly endedMs: number;
}

/**
 * What transcripts tell, by the run it is of: it completes what hooks told of the same runs. Only what is
 * asked for is put together, since a session may be long and one turn of it runs.
 */
export class ToldRuns {
  readonly #told: ToldSession;
  readonly #sessionId: string | undefined;
  readonly #runs: StoryRuns;
  readonly #byId: ReadonlyMap<string, StoryRun>;

  constructor(told: ToldSession) {
    const { story, calls } = told;
    this.#told = told;
    this.#sessionId = story.sessionId ?? calls[0]?.sessionId;
    const sorted = calls.toSorted((a, b) => a.end.time - b.end.time);
    this.#runs = new StoryRuns(story, this.#sessionId ?? "", sorted);
    this.#byId = new Map(this.#runs.all.map((run) => [run.runId, run]));
  }

  /** When the first of them began. */
  get startedMs(): number {
    return Math.min(...this.#runs.all.map(({ startedMs }) => startedMs));
  }

  find(runId: string): ToldRun | undefined {
    const run = this.#byId.get(runId);
    return run && this.#tell(run);
  }

  endOf(runId: string): ToldEnd | undefined {
    const run = this.#byId.get(runId);
    return run && toldEnd(run);
  }

  all(): readonly ToldRun[] {
    return [...this.#byId.values()].map((run) => this.#tell(run));
  }

  /** The subagents that were spawned in a run. */
  subagentsOf(runId: string): readonly ToldRun[] {
    const own = [...this.#runs.subagents.values()].filter(
      (run) => subagentParent(this.#sessionId ?? "", run, this.#runs).runId === runId,
    );
    return own.map((run) => this.#tell(run));
  }

  #tell(run: StoryRun): ToldRun {
    const { runId, endedMs } = run;
    const { story } = this.#told;
    const events = toRunEvents(this.#sessionId ?? "", { story, run, runs: this.#runs });
    return {
      ...{ runId, endedMs },
      events: events.filter(({ type }) => type !== "run.end"),
      end: toldEnd(run),
    };
  }
}

const toldEnd = ({ turn, subagent }: StoryRun): ToldEnd | undefined => turn?.end ?? subagent?.end;
