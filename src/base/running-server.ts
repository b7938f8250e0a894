import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { isErrno } from "./files.ts";

/** What a running server leaves in its data folder for the programs that ask it. */
export const RunningServer = z.object({
  pid: z.int(),
  version: z.string(),
  otlpUrl: z.string(),
  uiUrl: z.string(),
});
export type RunningServer = z.infer<typeof RunningServer>;

export const tokenFile = (folder: string): string => join(folder, "read-token");
export const serverFile = (folder: string): string => join(folder, "server.json");

/** The token that opens the query API on this machine; undefined where there was never a server. */
export function readToken(folder: string): string | undefined {
  return readText(tokenFile(folder))?.trim() || undefined;
}

/** The server that said it runs; a crash leaves what it said, so it may not answer. */
export function findServer(folder: string): RunningServer | undefined {
  const text = readText(serverFile(folder));
  if (text === undefined) return undefined;
  try {
    return RunningServer.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}
