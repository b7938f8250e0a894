/** How far the two clocks may part before the fine one is set anew: a machine that slept. */
const MAX_DRIFT_MS = 50;

/**
 * Epoch milliseconds with fractions: the wall clock's time, the monotonic clock's resolution.
 * Anchored again when the wall clock was changed or the machine was suspended.
 */
export function createClock(): () => number {
  let offset = Date.now() - performance.now();
  return () => {
    const fine = offset + performance.now();
    const coarse = Date.now();
    if (Math.abs(coarse - fine) <= MAX_DRIFT_MS) return fine;
    offset = coarse - performance.now();
    return coarse;
  };
}
