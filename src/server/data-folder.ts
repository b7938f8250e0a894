import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { type RunningServer, readToken, serverFile, tokenFile } from "../base/running-server.ts";

/** The token that opens the query API on this machine: made once, readable by its user alone. */
export function readOrMakeToken(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const known = readToken(folder);
  if (known !== undefined) return known;
  const token = randomBytes(24).toString("base64url");
  writeFileSync(tokenFile(folder), `${token}\n`, { mode: 0o600 });
  return token;
}

/** Says which server runs on a data folder, until the result is disposed. */
export function announceServer(folder: string, server: RunningServer): Disposable {
  writeFileSync(serverFile(folder), `${JSON.stringify(server)}\n`, { mode: 0o600 });
  return { [Symbol.dispose]: () => rmSync(serverFile(folder), { force: true }) };
}
