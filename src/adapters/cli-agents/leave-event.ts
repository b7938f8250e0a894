import { randomUUID } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { OWNER_ONLY_FILE, OWNER_ONLY_FOLDER } from "../../base/files.ts";
import { spoolFolder } from "./capture-script.ts";
import type { CliAgentId } from "./transcript.ts";

/** An event that no capture script left, and what its sender said of itself. */
export interface PostedEvent {
  readonly agent: CliAgentId;
  readonly event: Uint8Array | string;
  /** The agent's process, and the run of `turnspan run`; empty where they are not known. */
  readonly process: string;
  readonly run: string;
}

/** Leaves an event where the capture scripts leave theirs: one file, there whole or not at all. */
export async function leaveEvent(dataFolder: string, posted: PostedEvent): Promise<void> {
  const { agent, event, process, run } = posted;
  const folder = spoolFolder(dataFolder);
  await mkdir(folder, { recursive: true, mode: OWNER_ONLY_FOLDER });
  const file = path.join(folder, `http-${randomUUID()}`);
  const pid = /^\d+$/.test(process) ? process : "";
  const head = Buffer.from(`turnspan 1 ${agent} ${pid}${/^[\w-]+$/.test(run) ? ` ${run}` : ""}\n`);
  const content = Buffer.concat([head, Buffer.from(event)]);
  await writeFile(file, content, { mode: OWNER_ONLY_FILE });
  await rename(file, `${file}.event`);
}
