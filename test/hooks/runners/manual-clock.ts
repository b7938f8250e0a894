import type { Later } from "../../../src/hooks/outbox/delivery-queue.ts";

interface Alarm {
  readonly at: number;
  readonly act: () => void;
}

/** A clock that stands still until it is moved. */
export function createManualClock(startAt = Date.UTC(2026, 10, 21)) {
  const alarms = new Set<Alarm>();
  const clock = { time: startAt };
  const later: Later = (delayMs, act) => {
    const alarm = { at: clock.time + delayMs, act };
    alarms.add(alarm);
    return { [Symbol.dispose]: () => alarms.delete(alarm) };
  };
  const next = (): Alarm | undefined =>
    [...alarms].sort((one, other) => one.at - other.at).find(() => true);
  return {
    now: () => clock.time,
    later,
    waiting: () => alarms.size,
    /** Moves on to each alarm in turn that is due by then; `settle` waits for what it set off. */
    advance: async (ms: number, settle: () => Promise<unknown>): Promise<void> => {
      const end = clock.time + ms;
      for (let alarm = next(); alarm !== undefined && alarm.at <= end; alarm = next()) {
        clock.time = alarm.at;
        alarms.delete(alarm);
        alarm.act();
        await settle();
      }
      clock.time = end;
    },
  };
}
