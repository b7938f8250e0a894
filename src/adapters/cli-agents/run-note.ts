import { randomUUID } from "node:crypto";
import path from "node:path";
import { makeOwnFolder, readIfThere, replaceFile } from "../../base/files.ts";
import type { Metadata } from "../../lifecycle/events.ts";
import { captureFolder } from "./capture-script.ts";
import { record } from "./fields.ts";

/** By this variable the hooks of a program know which run of `turnspan run` they are of. */
export const RUN_VARIABLE = "TURNSPAN_RUN";

const fileOf = (dataFolder: string, id: string): string =>
  path.join(captureFolder(dataFolder), "runs", `${id}.json`);

/** Notes what is to be known of all sessions of a program that is about to be started. Resolves to the run's id. */
export async function writeRunNote(dataFolder: string, metadata: Metadata): Promise<string> {
  const id = randomUUID();
  await makeOwnFolder(path.dirname(fileOf(dataFolder, id)));
  await replaceFile(fileOf(dataFolder, id), `${JSON.stringify({ metadata })}\n`);
  return id;
}

/** What was noted of a run; undefined where nothing was. */
export async function readRunMetadata(
  dataFolder: string,
  id: string | undefined,
): Promise<Metadata | undefined> {
  if (id === undefined) return undefined;
  const note = await readIfThere(fileOf(dataFolder, id)).catch(() => undefined);
  if (note === undefined) return undefined;
  try {
    const metadata = record(record(JSON.parse(note))["metadata"]);
    return Object.keys(metadata).length > 0 ? metadata : undefined;
  } catch {
    return undefined;
  }
}
