import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempDisposableSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findServer, readToken } from "../../../src/server/data-folder.ts";

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

const MAIN = path.resolve(import.meta.dirname, "../../../src/cli/main.ts");
const START_TIMEOUT_MS = 20_000;
const TICKS_A_SECOND = 100;

export async function startServerProcess(given?: string): Promise<ServerProcess> {
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

/** User and system time stand at 14 and 15; the name before them may hold spaces. */
function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

function memoryOf(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const read = (name: string): number =>
    Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? Number.NaN) / 1024;
  return { now: read("VmRSS"), peak: read("VmHWM") };
}
