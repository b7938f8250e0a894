import type { StopReason } from "../../lifecycle/events.ts";
import { readStopReason } from "../../lifecycle/usage.ts";
import { agentHooks } from "./agent-hooks.ts";
import type { SessionStory, ToldEnd, ToldSubagent, ToldTool, ToldTurn } from "./session-story.ts";
import type { CliAgentId, TranscriptCall } from "./transcript.ts";

/** A turn or subagent with all that happened in it. */
export interface StoryRun {
  readonly runId: string;
  readonly turn: ToldTurn | undefined;
  readonly subagent: ToldSubagent | undefined;
  startedMs: number;
  endedMs: number;
  readonly end: ToldEnd;
  readonly tools: ToldTool[];
  readonly calls: TranscriptCall[];
}

/** Keys are functions of what the agent writes: whoever sees the same session makes the same spans. */
export const subagentRunId = (sessionId: string, thread: string): string =>
  `${sessionId}/${thread}`;

/**
 * What names a subagent in the ids of its spans: its own id. Hooks without ids do not know that one, but
 * they know the call that started it.
 */
export const threadKeyOf = (agent: CliAgentId, { thread, toolCallId }: ToldSubagent): string =>
  agentHooks[agent].hasNoIds === true ? (toolCallId ?? thread) : thread;

const isClaudeLike = (agent: CliAgentId): boolean =>
  agent === "claude-code" || agent === "hawa-code";

/**
 * How a run ended of which nothing tells its end. Claude Code writes down failures: a turn without any was
 * given up for the next prompt, or its process died. The others fail in silence.
 */
function untoldEnd(agent: CliAgentId, isLast: boolean): ToldEnd {
  if (!isClaudeLike(agent)) return { outcome: "failed" };
  return { outcome: isLast ? "abandoned" : "cancelled" };
}

/** All runs of one session; its calls and tools each in one of them. */
export class StoryRuns {
  readonly turns: StoryRun[];
  readonly subagents: ReadonlyMap<string, StoryRun>;
  readonly #turnsById: ReadonlyMap<string, StoryRun>;
  readonly #runsByTool = new Map<string, StoryRun>();
  /** By turns: the earliest start of it and all after it, as they were told. */
  readonly #starts: readonly number[];

  constructor(story: SessionStory, sessionId: string, calls: readonly TranscriptCall[]) {
    const { agent } = story;
    this.turns = story.turns.map((turn, index) => {
      const isLast = index === story.turns.length - 1;
      return createRun(turn.runId, turn.startedMs, turn.lastSignMs, {
        turn,
        end: turn.end ?? untoldEnd(agent, isLast),
      });
    });
    this.#starts = earliestFrom(this.turns.map(({ startedMs }) => startedMs));
    this.#turnsById = new Map(this.turns.map((turn) => [turn.runId, turn]));
    this.subagents = new Map(
      [...story.subagents.values()].map((subagent) => [
        subagent.thread,
        createRun(
          subagentRunId(sessionId, threadKeyOf(agent, subagent)),
          subagent.startedMs,
          subagent.lastSignMs,
          { subagent, end: subagent.end ?? untoldEnd(agent, true) },
        ),
      ]),
    );
    for (const tool of story.tools.values()) this.#takeTool(tool, sessionId);
    for (const call of calls) this.#takeCall(call, sessionId);
    for (const run of this.subagents.values()) this.#holdSpawner(run);
  }

  get all(): readonly StoryRun[] {
    return [...this.turns, ...this.subagents.values()];
  }

  /** The run that a tool call was made in. */
  ofTool(callId: string | undefined): StoryRun | undefined {
    return callId === undefined ? undefined : this.#runsByTool.get(callId);
  }

  /** The turn that was on at a time; what comes before the first one belongs to it. */
  turnAt(timeMs: number, sessionId: string): StoryRun {
    const turn = this.turns[countWhere(this.#starts, (ms) => ms <= timeMs) - 1] ?? this.turns[0];
    if (turn !== undefined) return turn;
    const only = createRun(`${sessionId}#0`, timeMs, timeMs, { end: { outcome: "completed" } });
    this.turns.push(only);
    return only;
  }

  #takeTool(tool: ToldTool, sessionId: string): void {
    const run = this.#find(tool.thread, undefined, tool.startedMs, sessionId);
    run.tools.push(tool);
    if (!this.#runsByTool.has(tool.callId)) this.#runsByTool.set(tool.callId, run);
    stretch(run, tool.startedMs);
    if (tool.endedMs !== undefined) stretch(run, tool.endedMs);
  }

  #takeCall(call: TranscriptCall, sessionId: string): void {
    const { time, runId } = call.end;
    const run = this.#find(call.thread, runId, time, sessionId);
    run.calls.push(call);
    stretch(run, time);
  }

  #find(
    thread: string | undefined,
    runId: string | undefined,
    timeMs: number,
    sessionId: string,
  ): StoryRun {
    const subagent = thread === undefined ? undefined : this.subagents.get(thread);
    const turn = runId === undefined ? undefined : this.#turnsById.get(runId);
    return subagent ?? turn ?? this.turnAt(timeMs, sessionId);
  }

  /** A run waits for the subagents that do not run on without it. */
  #holdSpawner(run: StoryRun): void {
    const spawner = this.ofTool(run.subagent?.toolCallId);
    if (spawner !== undefined && run.subagent?.isDetached === false) stretch(spawner, run.endedMs);
  }
}

function createRun(
  runId: string,
  startedMs: number,
  endedMs: number,
  about: Pick<Partial<StoryRun>, "turn" | "subagent"> & Pick<StoryRun, "end">,
): StoryRun {
  const { turn, subagent, end } = about;
  return { runId, turn, subagent, startedMs, endedMs, end, tools: [], calls: [] };
}

function stretch(run: StoryRun, timeMs: number): void {
  run.startedMs = Math.min(run.startedMs, timeMs);
  run.endedMs = Math.max(run.endedMs, timeMs);
}

/** Why the run's last answer stopped. */
export const stopReasonOf = (run: StoryRun): StopReason | undefined =>
  readStopReason(run.calls.at(-1)?.end.finishReasons?.[0]);

/** Tells when a call of a run began: where nobody tells, when what it answers to was there. */
export function callStarts(run: StoryRun): (call: TranscriptCall) => number {
  const { startedMs, tools, calls } = run;
  const signs = [...tools.map(({ endedMs }) => endedMs ?? 0), ...calls.map(({ end }) => end.time)];
  signs.sort((a, b) => a - b);
  return ({ agent, end: { time, durationMs, responseId } }) => {
    if (durationMs !== undefined) return time - durationMs;
    if (responseId === undefined && isClaudeLike(agent)) return time;
    const before = signs[countWhere(signs, (ms) => ms < time) - 1] ?? startedMs;
    return Math.max(before, startedMs);
  };
}

/** Of each number, the least of it and all that follow: a sorted list. */
function earliestFrom(values: readonly number[]): readonly number[] {
  const earliest = [...values];
  for (let at = earliest.length - 2; at >= 0; at -= 1) {
    earliest[at] = Math.min(earliest[at] ?? 0, earliest[at + 1] ?? 0);
  }
  return earliest;
}

/** How many of sorted numbers, from the first on, something holds for. */
function countWhere(sorted: readonly number[], holds: (value: number) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(sorted[middle] ?? Number.NaN)) low = middle + 1;
    else high = middle;
  }
  return low;
}
