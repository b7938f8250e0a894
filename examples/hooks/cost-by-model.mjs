import { appendFile } from "node:fs/promises";
import path from "node:path";

/** What each open session has cost since its model was set. */
const sinceChange = new Map();

/** A line for each stretch that a session was on one model. */
const allocate = async (sessionKey, basePath, why) => {
  const stretch = sinceChange.get(sessionKey);
  sinceChange.delete(sessionKey);
  if (stretch === undefined) return;
  const line = `${JSON.stringify({ sessionKey, ...stretch, why })}\n`;
  await appendFile(path.join(basePath, "cost-by-model.jsonl"), line);
};

export default async ({ hookPoint, sessionKey, model, costUsd = 0, context, basePath }) => {
  if (hookPoint === "afterTurn") {
    const before = sinceChange.get(sessionKey)?.costUsd ?? 0;
    sinceChange.set(sessionKey, { model, costUsd: before + costUsd });
  } else if (hookPoint === "session:end") {
    await allocate(sessionKey, basePath, "session ended");
  } else if (context.patch.model !== undefined) {
    await allocate(sessionKey, basePath, `model changed to ${context.patch.model}`);
  }
};
