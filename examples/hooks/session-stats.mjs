// A program: the event comes on standard input.
import { appendFileSync } from "node:fs";
import { json } from "node:stream/consumers";

const { session_id, reason, turnspan } = await json(process.stdin);
const { turns, durationMs, usage, costUsd } = turnspan.turnspan;
appendFileSync(
  "session-stats.jsonl",
  `${JSON.stringify({ session_id, reason, turns, durationMs, ...usage, costUsd })}\n`,
);
