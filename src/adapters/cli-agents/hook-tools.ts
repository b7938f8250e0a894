import type { LifecycleEvent } from "../../lifecycle/events.ts";
import { numberCall } from "./call-mark.ts";
import type { HookContext } from "./hook-context.ts";
import type { HookMoment } from "./hook-moment.ts";
import type { HookRun } from "./hook-run.ts";
import type { HookSubagents } from "./hook-subagents.ts";
import type { HookTurns } from "./hook-turns.ts";

interface RunningTool {
  readonly run: HookRun;
  readonly mark: string | undefined;
}

/** The tool calls of a session: which run each is of, and which have not ended. */
export class HookTools {
  readonly #context: HookContext;
  readonly #turns: HookTurns;
  readonly #subagents: HookSubagents;
  /** By their ids. */
  readonly #running = new Map<string, RunningTool>();
  readonly #seen = new Set<string>();
  /** Calls that have no ids of their own, by their runs and marks. */
  readonly #numbers = new Map<string, number>();

  constructor(context: HookContext, turns: HookTurns, subagents: HookSubagents) {
    this.#context = context;
    this.#turns = turns;
    this.#subagents = subagents;
  }

  start(moment: HookMoment): void {
    const run = this.#runOf(moment);
    const { toolName: name, timeMs: time, input, callMark } = moment;
    if (run === undefined || name === undefined) return;
    const { runId, turn } = run;
    const place = { run: runId, turn };
    const callId = moment.callId ?? numberCall(this.#numbers, place, callMark ?? name);
    this.#running.set(callId, { run, mark: callMark });
    this.#seen.add(callId);
    this.#tell(run, { type: "tool.start", time, runId, callId, name, input });
    this.#subagents.noteTool(callId, name, moment, run);
  }

  end(moment: HookMoment): void {
    const callId = moment.callId ?? this.#findRunning(moment.callMark);
    if (callId === undefined) return;
    const run = this.#running.get(callId)?.run ?? this.#runOf(moment);
    this.#running.delete(callId);
    if (run === undefined) return;
    const { timeMs: time, toolName: name, toolEnd, output } = moment;
    // The agent's own measure counts where the beginning was missed.
    const durationMs = this.#seen.has(callId) ? undefined : moment.durationMs;
    const about = { type: "tool.end", time, runId: run.runId, callId, name, output } as const;
    this.#subagents.linkTool(callId, moment);
    this.#tell(run, { ...about, ...toolEnd, durationMs });
  }

  /** A batch is over: what of it had no end did not run. */
  endBatch(moment: HookMoment): void {
    for (const { callId, name, errorType } of moment.done ?? []) {
      const running = this.#running.get(callId);
      if (running === undefined && this.#seen.has(callId)) continue;
      const run = running?.run ?? this.#runOf(moment);
      this.#running.delete(callId);
      this.#seen.add(callId);
      if (run === undefined) continue;
      const about = { time: moment.timeMs, runId: run.runId, callId, name };
      if (running === undefined) this.#tell(run, { type: "tool.start", ...about });
      this.#tell(run, { type: "tool.end", ...about, outcome: "failed", errorType });
    }
  }

  /** A run is over: no end of a call of its will come. */
  forget(run: HookRun): void {
    for (const [callId, tool] of this.#running) if (tool.run === run) this.#running.delete(callId);
  }

  #runOf(moment: HookMoment): HookRun | undefined {
    const nested = this.#context.hooks.hasNoIds === true ? this.#subagents.innermost : undefined;
    return this.#subagents.find(moment.thread) ?? nested ?? this.#turns.of(moment);
  }

  /** The first that was begun, of calls that were given the same. */
  #findRunning(mark: string | undefined): string | undefined {
    for (const [callId, tool] of this.#running) if (tool.mark === mark) return callId;
    return undefined;
  }

  #tell(run: HookRun, event: LifecycleEvent): void {
    if (run.held === undefined) this.#context.observe(event);
    else run.held.push(event);
  }
}
