import { hash } from "node:crypto";
import path from "node:path";
import { makeOwnFolder, readIfThere, replaceFile } from "../../base/files.ts";
import { captureFolder } from "./capture-script.ts";
import type { CliAgentId } from "./transcript.ts";

/** A session whose turns have no keys. */
interface Numbered {
  readonly agent: CliAgentId;
  readonly sessionId: string;
}

const fileOf = (dataFolder: string, { agent, sessionId }: Numbered): string => {
  const name = `${agent}-${hash("sha256", sessionId).slice(0, 32)}.json`;
  return path.join(captureFolder(dataFolder), "blocked", name);
};

/**
 * The numbers of turns that were blocked. A transcript has nothing of them: without this, turns that have no
 * keys would be numbered anew behind each. What cannot be read is as good as none.
 */
export async function readBlockedTurns(dataFolder: string, of: Numbered): Promise<number[]> {
  try {
    const kept: unknown = JSON.parse((await readIfThere(fileOf(dataFolder, of))) ?? "[]");
    return Array.isArray(kept) ? kept.filter((turn) => Number.isSafeInteger(turn)) : [];
  } catch {
    return [];
  }
}

export async function writeBlockedTurns(
  dataFolder: string,
  of: Numbered,
  turns: ReadonlySet<number>,
): Promise<void> {
  const file = fileOf(dataFolder, of);
  await makeOwnFolder(path.dirname(file));
  await replaceFile(file, JSON.stringify([...turns]));
}
