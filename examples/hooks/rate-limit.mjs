const MOST_TURNS = 10;
const WINDOW_MS = 60_000;

/** When the turns of each session began. */
const begun = new Map();

export default async ({ sessionKey, timestamp }) => {
  const now = timestamp.getTime();
  const recent = (begun.get(sessionKey) ?? []).filter((time) => time > now - WINDOW_MS);
  if (recent.length >= MOST_TURNS) {
    return { abort: true, reason: `${MOST_TURNS} turns a minute are enough` };
  }
  begun.set(sessionKey, [...recent, now]);
};
