import type { Abort, Verdict } from "../lifecycle/hand-over.ts";
import { isThenable, withDeadline } from "./deadline.ts";
import { type HookEntry, isCalled } from "./entry.ts";
import type { Observers } from "./observers.ts";
import type { HookOutcomes } from "./outcomes.ts";
import type { AnyPayload } from "./payload.ts";

const DEFAULT_REASON = "aborted by hook";

/** Asks guards in order until one aborts. */
export class Guards {
  readonly #outcomes: HookOutcomes;
  readonly #observers: Observers;
  readonly #timeoutMs: number;

  /** `observers` calls the entries that are only told. */
  constructor(outcomes: HookOutcomes, observers: Observers, timeoutMs: number) {
    this.#outcomes = outcomes;
    this.#observers = observers;
    this.#timeoutMs = timeoutMs;
  }

  /** At once while the guards are synchronous; a promise from the first on that is not. */
  decide(
    entries: readonly HookEntry[],
    payload: AnyPayload,
    depth: number,
  ): Verdict | Promise<Verdict> {
    let index = 0;
    for (const entry of entries) {
      index += 1;
      if (!isCalled(entry, depth)) continue;
      const verdict = this.#ask(entry, payload, undefined);
      if (verdict === undefined) continue;
      if (!(verdict instanceof Promise)) return verdict;
      const rest = entries.slice(index).filter((later) => isCalled(later, depth));
      return this.#decideRest(verdict, rest, payload);
    }
    return undefined;
  }

  async #decideRest(
    first: Promise<Verdict>,
    rest: readonly HookEntry[],
    payload: AnyPayload,
  ): Promise<Verdict> {
    const endsAt = performance.now() + this.#timeoutMs;
    let verdict = await first;
    for (const entry of rest) {
      if (verdict !== undefined) break;
      if (entry.active) verdict = await this.#ask(entry, payload, endsAt);
    }
    return verdict;
  }

  /** `endsAt`: when the time of all guards together is up. Those that need no time are asked after it too. */
  #ask(
    entry: HookEntry,
    payload: AnyPayload,
    endsAt: number | undefined,
  ): Verdict | Promise<Verdict> {
    if (entry.observes) {
      this.#observers.call(entry, payload);
      return undefined;
    }
    const { filter, handle } = entry;
    const beganAt = entry.timed ? performance.now() : undefined;
    try {
      if (filter !== undefined && !filter(payload)) return undefined;
      const answer = handle(payload);
      entry.timed = isThenable(answer);
      if (!entry.timed) return this.#judge(entry, payload, answer, beganAt);
      const from = beganAt ?? performance.now();
      const leftMs = endsAt === undefined ? this.#timeoutMs : Math.max(0, endsAt - from);
      return this.#await(
        entry,
        payload,
        withDeadline(answer, Math.min(entry.timeoutMs, leftMs)),
        from,
      );
    } catch (error) {
      entry.timed = true;
      return this.#fail(entry, payload, error, beganAt);
    }
  }

  async #await(
    entry: HookEntry,
    payload: AnyPayload,
    answer: Promise<unknown>,
    beganAt: number,
  ): Promise<Verdict> {
    try {
      const verdict = this.#judge(entry, payload, await answer, beganAt);
      this.#outcomes.kept(entry, payload, beganAt);
      return verdict;
    } catch (error) {
      return this.#fail(entry, payload, error, beganAt);
    }
  }

  /** Throws where the answer cannot be read, or names an `abort` that is neither true nor false. */
  #judge(
    entry: HookEntry,
    payload: AnyPayload,
    answer: unknown,
    beganAt: number | undefined,
  ): Verdict {
    if (typeof answer !== "object" || answer === null || !("abort" in answer)) return undefined;
    const { abort } = answer;
    if (abort == null || abort === false) return undefined;
    if (abort !== true) throw new TypeError("abort is neither true nor false");
    const reason = readReason(answer);
    this.#outcomes.aborted(entry, payload, reason, beganAt);
    return abortBy(entry, reason);
  }

  #fail(
    entry: HookEntry,
    payload: AnyPayload,
    error: unknown,
    beganAt: number | undefined,
  ): Verdict {
    const text = this.#outcomes.failed(entry, payload, error, beganAt);
    if (!entry.closed) return undefined;
    const reason = `hook "${entry.name}" failed: ${text}`;
    this.#outcomes.aborted(entry, payload, reason, beganAt);
    return abortBy(entry, reason);
  }
}

const abortBy = (entry: HookEntry, reason: string): Abort => ({
  abort: true,
  reason,
  hook: entry.name,
});

/** A guard that said `abort: true` meant it, whatever its reason is. */
function readReason(answer: object): string {
  try {
    const reason = "reason" in answer ? answer.reason : undefined;
    return typeof reason === "string" && reason !== "" ? reason : DEFAULT_REASON;
  } catch {
    return DEFAULT_REASON;
  }
}
