import { createServer } from "node:net";
import { CodedError } from "../base/errors.ts";

const PROBE_TIMEOUT_MS = 1_000;
/** Between the pairs of ports that are offered. */
const STEP = 10;
const TRIES = 20;

/** Says what listens at a port, as well as it can be told from outside. */
async function describeOwner(port: number): Promise<string> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    if (response.headers.get("server")?.startsWith("turnspan")) return "another turnspan";
    if (response.ok) return "an OpenTelemetry Collector, or another OTLP receiver";
    return "another HTTP server";
  } catch {
    return "another program";
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** The error for a taken port: who has it, and which ports are free. */
export async function portTaken(
  taken: number,
  { port, uiPort }: { readonly port: number; readonly uiPort: number },
  cause: unknown,
): Promise<CodedError> {
  const owner = await describeOwner(taken);
  const offer = await findFreePair(port, uiPort);
  const advice = offer && `; free are: turnspan up --port ${offer.port} --ui-port ${offer.uiPort}`;
  return new CodedError("SERVER_PORT_TAKEN", `port ${taken} is taken by ${owner}${advice ?? ""}`, {
    cause,
  });
}

const LISTEN_PROBLEMS: Readonly<Record<string, string>> = {
  EACCES: "this user may not take that port; ports from 1024 on are free to all",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "this machine knows no such address",
};

/** The error for a port or an address that cannot be listened on, though nobody has it. */
export function cannotListen(
  port: number,
  address: string | undefined,
  cause: unknown,
): CodedError {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  const where = address === undefined ? `port ${port}` : `${address}, port ${port}`;
  const problem = LISTEN_PROBLEMS[code] ?? message;
  return new CodedError("SERVER_OPTIONS_INVALID", `cannot listen on ${where}: ${problem}`, {
    cause,
  });
}

async function findFreePair(port: number, uiPort: number) {
  for (let step = STEP; step <= STEP * TRIES; step += STEP) {
    const pair = { port: port + step, uiPort: uiPort + step };
    if ((await isFree(pair.port)) && (await isFree(pair.uiPort))) return pair;
  }
  return undefined;
}
