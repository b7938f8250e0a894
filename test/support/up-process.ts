import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { findServer, readToken } from "../../src/base/running-server.ts";

export interface UpProcess {
  readonly child: ChildProcess;
  readonly otlpUrl: string;
  readonly uiUrl: string;
  readonly token: string;
  /** All that it wrote to standard output, when it has ended. */
  readonly printed: Promise<string>;
  /** Ends it; resolves to its exit code, `null` where it had none. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const MAIN = path.resolve(import.meta.dirname, "../../src/cli/main.ts");
const START_TIMEOUT_MS = 60_000;

/** Runs `turnspan up` in a process of its own, on free ports; resolves when it listens. */
export async function startUp(
  folder: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = process.env,
): Promise<UpProcess> {
  const words = [MAIN, "up", "--port", "0", "--ui-port", "0", "--data", folder, ...args];
  const child = spawn(process.execPath, words, { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const printed = text(child.stdout);
  const { otlpUrl, uiUrl } = await waitForServer(child, folder);
  return {
    ...{ child, otlpUrl, uiUrl, printed },
    token: readToken(folder) ?? "",
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

async function waitForServer(child: ChildProcess, folder: string) {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (child.exitCode === null && Date.now() < deadline) {
    const server = findServer(folder);
    if (server?.pid === child.pid && server !== undefined) return server;
    await sleep(10);
  }
  child.kill("SIGKILL");
  throw new Error(`turnspan up did not start on ${folder}: exit code ${child.exitCode}`);
}
