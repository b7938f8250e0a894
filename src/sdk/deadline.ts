/** Waits for work, but no longer than this; says whether it was done. What the work throws is not ours. */
export async function within(timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(resolve, Math.max(0, timeoutMs), false);
  const done = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Rejects where work takes longer than this, and as the work does. The timer is unref'ed: work in the
 * background must not keep a process from its natural end, where it is waited for with `within`.
 */
export async function failAfter<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Not done in ${timeoutMs} ms`)), timeoutMs);
  timer.unref();
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
