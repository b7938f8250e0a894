import { setTimeout as sleep } from "node:timers/promises";

const WAIT_MS = 5_000;

/** What is said where a request found nobody, or somebody who is not ready. */
const ABSENT_CODES: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  // Statuses of a receiver, or of what stands before it.
  429,
  502,
  503,
  504,
]);

/** Does something again and again until there is a receiver that takes it, or until it is stopped. */
export class ReceiverWait {
  readonly #stopped = new AbortController();

  /** Rejects with what a receiver that is there says, and when it is stopped. */
  async until(send: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await send();
      } catch (error) {
        if (this.#stopped.signal.aborted || !isAbsence(error)) throw error;
      }
      await sleep(WAIT_MS, undefined, { ref: false, signal: this.#stopped.signal });
    }
  }

  stop(): void {
    this.#stopped.abort(new Error("stopped"));
  }
}

const isAbsence = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "code" in error && ABSENT_CODES.has(error.code);
