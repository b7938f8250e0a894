import type { LifecycleEvent } from "../../lifecycle/events.ts";
import type { ToldSession } from "./read-story.ts";
import type { ToldEnd } from "./session-story.ts";
import { toEvents } from "./story-events.ts";
import { subagentRunId, threadKeyOf } from "./story-runs.ts";

type RunEvent = Extract<LifecycleEvent, { readonly runId: string }>;

const isRunEvent = (event: LifecycleEvent): event is RunEvent =>
  "runId" in event && event.runId !== undefined;

/** What the transcripts of a session tell of one run. */
export interface ToldRun {
  /** Its calls, tools and, of a subagent, its spawning and start; not its end. */
  readonly events: readonly RunEvent[];
  /** Absent where they do not say how it ended. */
  readonly end: ToldEnd | undefined;
  readonly endedMs: number;
  /** The run it was spawned in. */
  readonly parentRunId: string | undefined;
}

/** What transcripts tell, by the run it is of: it completes what hooks told of the same runs. */
export function toToldRuns(told: ToldSession): ReadonlyMap<string, ToldRun> {
  const { story } = told;
  const ends = new Map(story.turns.map(({ runId, end }) => [runId, end]));
  for (const subagent of story.subagents.values()) {
    const key = threadKeyOf(story.agent, subagent);
    ends.set(subagentRunId(story.sessionId ?? "", key), subagent.end);
  }
  const events = toEvents({ ...told, project: undefined }).filter(isRunEvent);
  const runs = Map.groupBy(events, ({ runId }) => runId);
  return new Map(
    [...runs].map(([runId, events]) => {
      const end = events.find(({ type }) => type === "run.end");
      const spawn = events.find((event) => event.type === "subagent.spawn");
      return [
        runId,
        {
          events: events.filter(({ type }) => type !== "run.end"),
          end: ends.get(runId),
          endedMs: end?.time ?? Number.NEGATIVE_INFINITY,
          parentRunId: spawn?.parentRunId,
        },
      ];
    }),
  );
}
