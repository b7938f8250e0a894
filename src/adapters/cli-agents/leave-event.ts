import { randomUUID } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { OWNER_ONLY_FILE } from "../../base/files.ts";
import { isCliAgent } from "./agents.ts";
import { spoolFolder } from "./capture-script.ts";

/**
 * Leaves an event that came by HTTP where the capture scripts leave theirs: one file, there whole or not at
 * all. Resolves false for an agent that is not known.
 */
export async function leaveEvent(
  dataFolder: string,
  agent: string,
  event: Uint8Array,
): Promise<boolean> {
  if (!isCliAgent(agent)) return false;
  const file = path.join(spoolFolder(dataFolder), `http-${randomUUID()}`);
  const head = Buffer.from(`turnspan 1 ${agent} \n`);
  await writeFile(file, Buffer.concat([head, event]), { mode: OWNER_ONLY_FILE });
  await rename(file, `${file}.event`);
  return true;
}
