import { condition, defineQuery, defineSignal, setHandler } from "@temporalio/workflow";

export const sessionEnded = defineSignal("sessionEnded");
export const progress = defineQuery("progress");

/** Waits until so many sessions have ended, and sums up what they cost. */
export async function afterSessions(sessions = 1) {
  const ended = new Map();
  let signals = 0;
  setHandler(sessionEnded, (event) => {
    signals += 1;
    // A signal may come twice: the record's id is the same then.
    if (!ended.has(event.id)) ended.set(event.id, event);
  });
  setHandler(progress, () => ({ signals, ended: ended.size }));
  await condition(() => ended.size >= sessions);
  const events = [...ended.values()];
  return {
    signals,
    sessions: events.map(({ sessionKey }) => sessionKey),
    costUsd: events.reduce((sum, { turnspan }) => sum + (turnspan.costUsd ?? 0), 0),
  };
}
