/** What a promise that took too long is rejected with. */
class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/**
 * Waits for a promise, but not for longer than `timeoutMs`. Whatever it does after that is ignored, and
 * never an unhandled rejection. The timer is made only where the promise is still pending once it had
 * its turn, and keeps no process alive.
 */
export function withDeadline(promise: unknown, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let settled = false;
    let timer: NodeJS.Timeout | undefined;
    // `await` and not `then`: a handler may have given its promise a `then` of its own.
    const follow = async (): Promise<void> => {
      try {
        resolve(await promise);
      } catch (error) {
        reject(error);
      }
      settled = true;
      clearTimeout(timer);
    };
    void follow();
    queueMicrotask(() => {
      if (settled) return;
      const expire = (): void => reject(new TimeoutError(`no answer within ${timeoutMs} ms`));
      timer = setTimeout(expire, timeoutMs);
      timer.unref();
    });
  });
}

/** Reads `then`, once; a getter of it may throw. */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  ((typeof value === "object" && value !== null) || typeof value === "function") &&
  "then" in value &&
  typeof value.then === "function";
