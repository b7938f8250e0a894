/** How far the two clocks may part before the fine one is set anew: a machine that slept. */
const MAX_DRIFT_MS = 50;
/** How long the fine clock is believed before the wall clock is asked again. */
const TRUSTED_MS = 10;

/**
 * Epoch milliseconds with fractions: the wall clock's time, the monotonic clock's resolution.
 * Anchored again when the wall clock was changed or the machine was suspended.
 */
export function createClock(): () => number {
  let offset = Date.now() - performance.now();
  let trustedUntil = 0;
  return () => {
    const ticks = performance.now();
    if (ticks < trustedUntil) return offset + ticks;
    trustedUntil = ticks + TRUSTED_MS;
    const coarse = Date.now();
    if (Math.abs(coarse - offset - ticks) > MAX_DRIFT_MS) offset = coarse - ticks;
    return offset + ticks;
  };
}
