import { z } from "zod";
import { findServer, type RunningServer, readToken } from "../base/running-server.ts";

const LoginAnswer = z.object({ url: z.string() });
const TIMEOUT_MS = 2_000;

/** A server that runs already, and an address that opens its viewer once. */
export interface OpenServer {
  readonly running: RunningServer;
  readonly loginUrl: string;
}

/** Asks the server that runs on a data folder for an address; `undefined` where none answers. */
export async function askLoginUrl(
  dataFolder: string,
  ask: typeof fetch,
): Promise<OpenServer | undefined> {
  const running = findServer(dataFolder);
  const token = readToken(dataFolder);
  if (running === undefined || token === undefined) return undefined;
  const answer = await ask(`${running.uiUrl}/api/login-url`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
    .then((response) => response.json())
    .catch(() => undefined);
  const login = LoginAnswer.safeParse(answer);
  return login.success ? { running, loginUrl: login.data.url } : undefined;
}
