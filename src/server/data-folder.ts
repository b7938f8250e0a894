import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** What a running server leaves for the commands that ask it. */
export const RunningServer = z.object({
  pid: z.int(),
  version: z.string(),
  otlpUrl: z.string(),
  uiUrl: z.string(),
});
export type RunningServer = z.infer<typeof RunningServer>;

const tokenFile = (folder: string): string => join(folder, "read-token");
const serverFile = (folder: string): string => join(folder, "server.json");

/** The token that opens the query API on this machine: made once, readable by its user alone. */
export function readOrMakeToken(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const known = readToken(folder);
  if (known !== undefined) return known;
  const token = randomBytes(24).toString("base64url");
  writeFileSync(tokenFile(folder), `${token}\n`, { mode: 0o600 });
  return token;
}

export function readToken(folder: string): string | undefined {
  return readText(tokenFile(folder))?.trim() || undefined;
}

/** Says which server runs on a data folder, until the result is disposed. */
export function announceServer(folder: string, server: RunningServer): Disposable {
  writeFileSync(serverFile(folder), `${JSON.stringify(server)}\n`, { mode: 0o600 });
  return { [Symbol.dispose]: () => rmSync(serverFile(folder), { force: true }) };
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
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
