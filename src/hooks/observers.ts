import { isThenable, withDeadline } from "./deadline.ts";
import { type HookEntry, isCalled } from "./entry.ts";
import type { HookOutcomes } from "./outcomes.ts";
import type { AnyPayload } from "./payload.ts";

/** Calls observers in order, and watches the promises that some return. Nobody waits for those. */
export class Observers {
  readonly #outcomes: HookOutcomes;
  readonly #maxInFlight: number;
  #inFlight = 0;
  #waiting: (() => void)[] = [];

  constructor(outcomes: HookOutcomes, maxInFlight: number) {
    this.#outcomes = outcomes;
    this.#maxInFlight = maxInFlight;
  }

  notify(entries: readonly HookEntry[], payload: AnyPayload, depth: number): void {
    for (const entry of entries) {
      if (isCalled(entry, depth)) this.call(entry, payload);
    }
  }

  /** Resolves when every watched promise is settled or given up, at the latest after `timeoutMs`. */
  settled(timeoutMs: number): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => {
      // Not unref'ed: who waits for this at exit would be cut off with nothing else left to do.
      const timer = setTimeout(resolve, timeoutMs);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Never throws. */
  call(entry: HookEntry, payload: AnyPayload): void {
    // Counted for each handler: one that hangs must not silence the others.
    if (entry.inFlight >= this.#maxInFlight) {
      this.#outcomes.dropped("hook_queue_full", entry.hook);
      return;
    }
    const { filter, handle } = entry;
    const beganAt = entry.timed ? performance.now() : undefined;
    try {
      if (filter !== undefined && !filter(payload)) return;
      const result = handle(payload);
      entry.timed = isThenable(result);
      if (entry.timed) void this.#watch(entry, payload, result, beganAt ?? performance.now());
    } catch (error) {
      entry.timed = true;
      this.#outcomes.failed(entry, payload, error, beganAt);
    }
  }

  /** Never rejects. */
  async #watch(
    entry: HookEntry,
    payload: AnyPayload,
    result: unknown,
    beganAt: number,
  ): Promise<void> {
    entry.inFlight += 1;
    this.#inFlight += 1;
    try {
      await withDeadline(result, entry.timeoutMs);
      this.#outcomes.kept(entry, payload, beganAt);
    } catch (error) {
      this.#outcomes.failed(entry, payload, error, beganAt);
    }
    entry.inFlight -= 1;
    this.#inFlight -= 1;
    if (this.#inFlight > 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }
}
