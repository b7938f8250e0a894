import type { Verdict } from "../../lifecycle/hand-over.ts";
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
  /** Numbers of those that were blocked, where turns have no keys. */
  readonly blocked = new Set<number>();
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

  /** The prompt of the turn that runs did not get to the model. */
  block({ turnKey, timeMs: time, reason, hook }: HookMoment): void {
    const turn = this.#current;
    if (turn === undefined || (turnKey !== undefined && turnKey !== turn.runId)) return;
    if (this.#context.hooks.hasNoIds === true && turn.turn !== undefined) {
      this.blocked.add(turn.turn);
    }
    this.#context.observe({ type: "run.blocked", time, runId: turn.runId, reason, hook });
    turn.stop = { timeMs: time, end: { outcome: "blocked" } };
    this.end(turn.stop.end);
  }

  /** What the guards say of the turn that a prompt has begun; nothing where it is none that runs. */
  verdictOf(promptId: string): Promise<Verdict> | undefined {
    const prompt = this.#current?.prompt;
    return prompt?.id === promptId ? prompt.verdict : undefined;
  }

  /** Something went wrong; whether the turn goes on is not known. */
  fail({ end }: HookMoment): void {
    if (this.#current !== undefined) this.#current.failure = end;
  }

  /** It goes on. */
  goOn(): void {
    if (this.#current !== undefined) this.#current.failure = undefined;
  }

  /** Ends the turn that runs: as it stopped, or as one that did not. */
  end(dangling: ToldEnd): void {
    const turn = this.#current;
    if (turn === undefined) return;
    this.#current = undefined;
    this.#ended.add(turn.runId);
    const end = turn.failure ?? dangling;
    this.#finish(turn, turn.stop ?? { end, timeMs: this.#context.lastSignMs });
  }

  #start(moment: HookMoment): HookRun {
    const { sessionId, sessionKey, agent: agentId, settings, hooks } = this.#context;
    // Where nothing tells how many there were before, as after a resume, no two begin at one time.
    const number = hooks.hasNoTranscript === true ? moment.timeMs : this.#count;
    const runId = moment.turnKey ?? `${sessionId}#${number}`;
    this.#count += 1;
    const { timeMs: time, message, isAnnouncement, id } = moment;
    const verdict = this.#context.ask({
      ...{ type: "run.start", time, runId, message, sessionKey, sessionId, agentId },
      trigger: isAnnouncement === true ? "announce" : undefined,
      settings: { ...settings },
    });
    const prompt = { id, verdict };
    const turn: HookRun = { runId, startedMs: time, turn: number, prompt, stop: undefined };
    this.#current = turn;
    return turn;
  }
}
