import { setTimeout as sleep } from "node:timers/promises";
import { type Claim, claimDeadWriters } from "../base/writer-lock.ts";

/** What a dead writer left. */
export interface Estate {
  /** All of it is delivered. */
  readonly isSettled: boolean;
  close(): Promise<void>;
}

const POLL_MS = 250;

/** What a process took over from dead writers, each for as long as something of it is to be delivered. */
export class Estates<Place extends Estate> implements Iterable<Place> {
  readonly #places = new Set<Place>();
  readonly #stop = new AbortController();

  [Symbol.iterator](): Iterator<Place> {
    return this.#places.values();
  }

  get isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Takes over all that dead writers left in a folder; returns what could be opened. */
  async take(
    folder: string,
    open: (claim: Claim) => Promise<Place>,
    onFailure: (cause: unknown) => void,
  ): Promise<readonly Place[]> {
    const claims = await claimDeadWriters(folder);
    const opened = await Promise.allSettled(claims.map(open));
    return opened.flatMap((result) => {
      if (result.status === "rejected") {
        onFailure(result.reason);
        return [];
      }
      this.#places.add(result.value);
      return [result.value];
    });
  }

  /** Gives an estate back as soon as all of it is delivered, unless stopped before. */
  async settle(place: Place): Promise<void> {
    const { signal } = this.#stop;
    while (!place.isSettled && !signal.aborted) {
      await sleep(POLL_MS, undefined, { ref: false, signal }).catch(() => {});
    }
    if (signal.aborted) return;
    this.#places.delete(place);
    await place.close();
  }

  /** What is not settled by now is left to whoever closes it. */
  stop(): void {
    this.#stop.abort();
  }
}
