import type { HookContext } from "./hook-context.ts";
import type { HookMoment } from "./hook-moment.ts";
import type { FinishRun, HookRun } from "./hook-run.ts";
import type { ToldEnd } from "./session-story.ts";

const CANCELLED: ToldEnd = { outcome: "cancelled" };

/** The turns of a session: the one that runs, and which are over. */
export class HookTurns {
  readonly #context: HookContext;
  readonly #finish: FinishRun;
  readonly #ended = new Set<string>();
  #current: HookRun | undefined;
  #count = 0;

  constructor(context: HookContext, finish: FinishRun) {
    this.#context = context;
    this.#finish = finish;
  }

  /** The turn that runs. */
  get current(): HookRun | undefined {
    return this.#current;
  }

  /** Turns without keys go on from so many. */
  countBefore(turns: number): void {
    this.#count = Math.max(this.#count, turns);
  }

  prompt(moment: HookMoment): void {
    const key = moment.turnKey;
    if (this.#current !== undefined && this.#current.runId === key) {
      this.#current.stop = undefined;
      return;
    }
    if (key !== undefined && this.#ended.has(key)) return;
    this.end(CANCELLED);
    this.#start(moment);
  }

  /** The turn that a moment is of; one whose prompt was missed begins here. Undefined: it is over. */
  of(moment: HookMoment): HookRun | undefined {
    const { turnKey } = moment;
    if (turnKey !== undefined && turnKey !== this.#current?.runId && this.#ended.has(turnKey)) {
      return undefined;
    }
    return this.#current ?? this.#start(moment);
  }

  stop(moment: HookMoment): void {
    const turn = this.of(moment);
    if (turn === undefined) return;
    turn.stop = { timeMs: moment.timeMs, end: moment.end ?? { outcome: "completed" } };
    turn.lastMessage = moment.lastMessage;
  }

  /** Ends the turn that runs: as it stopped, or as one that did not. */
  end(dangling: ToldEnd): void {
    const turn = this.#current;
    if (turn === undefined) return;
    this.#current = undefined;
    this.#ended.add(turn.runId);
    this.#finish(turn, turn.stop ?? { end: dangling, timeMs: this.#context.lastSignMs });
  }

  #start(moment: HookMoment): HookRun {
    const { sessionId, sessionKey, agent: agentId, settings } = this.#context;
    const number = this.#count;
    const runId = moment.turnKey ?? `${sessionId}#${number}`;
    this.#count += 1;
    const { timeMs: time, message, isAnnouncement } = moment;
    const turn: HookRun = { runId, startedMs: time, turn: number, stop: undefined };
    this.#current = turn;
    this.#context.observe({
      ...{ type: "run.start", time, runId, message, sessionKey, sessionId, agentId },
      trigger: isAnnouncement === true ? "announce" : undefined,
      settings: { ...settings },
    });
    return turn;
  }
}
