import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findServer, readToken } from "../../../src/base/running-server.ts";
import { cpuSecondsOf, memoryOf } from "./process-figures.ts";

/** `turnspan up` in a process of its own, so that its time and memory are its own. */
export interface ServerProcess extends AsyncDisposable {
  readonly otlpUrl: string;
  readonly uiUrl: string;
  readonly token: string;
  readonly folder: string;
  readonly startMs: number;
  /** CPU seconds that it has used, in all its threads. */
  cpuSeconds(): number;
  /** Memory that is resident now, and at most so far, in MB. */
  memory(): { readonly now: number; readonly peak: number };
}

/** The built command, which is what users run: of the source, Node's loader alone takes 45 MB. */
const MAIN =
  process.env["BENCH_MAIN"] ?? path.resolve(import.meta.dirname, "../../../dist/cli/main.js");
const START_TIMEOUT_MS = 20_000;

export async function startServerProcess(given?: string): Promise<ServerProcess> {
  if (!existsSync(MAIN)) throw new Error("there is no build to measure: npm run build makes one");
  const parent = mkdtempDisposableSync(path.join(tmpdir(), "turnspan-bench-"));
  const folder = given ?? path.join(parent.path, "data");
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [
      MAIN,
      "up",
      "--port",
      "0",
      "--ui-port",
      "0",
      "--data",
      folder,
      "--max-age",
      "36500",
      "--max-size",
      "100GB",
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const server = await waitForServer(child, folder);
  const startMs = performance.now() - began;
  return {
    ...server,
    ...{ folder, startMs },
    token: readToken(folder) ?? "",
    cpuSeconds: () => cpuSecondsOf(child.pid ?? 0),
    memory: () => memoryOf(child.pid ?? 0),
    [Symbol.asyncDispose]: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGINT");
      await ended;
      parent.remove();
    },
  };
}

async function waitForServer(child: ChildProcess, folder: string) {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    const server = findServer(folder);
    if (server !== undefined && server.pid === child.pid) return server;
    await sleep(5);
  }
  throw new Error("the server did not start");
}
