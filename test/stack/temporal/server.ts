import { spawn } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findClosedPort } from "../../support/otlp-sink.ts";
import { runProcess } from "../../support/run-process.ts";

const FOLDER = import.meta.dirname;
/** Kept beside the packages: a clean checkout has neither, and both stay once they are there. */
const JARS = path.join(FOLDER, "node_modules/.temporal-server");
const ATTEMPTS = 3;
const RETRY_MS = 5000;
const START_MS = 60_000;

/** Downloads the server through Maven, unless it is there. Throws where Java or Maven is not installed. */
export async function downloadServer(): Promise<void> {
  for (const tool of ["java", "mvn"]) {
    await runProcess(tool, ["-version"]).catch((cause: unknown) => {
      throw new Error(`${tool} is not installed: run .ci/install-temporal-tools`, { cause });
    });
  }
  if (existsSync(JARS)) return;
  const partial = `${JARS}.partial`;
  const args = ["-q", "-B", "-f", path.join(FOLDER, "pom.xml"), "dependency:copy-dependencies"];
  for (let attempt = 1; ; attempt += 1) {
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    const ended = await runProcess("mvn", [...args, `-DoutputDirectory=${partial}/lib`]);
    if (ended.code === 0) break;
    if (attempt === ATTEMPTS) throw new Error(`Maven failed:\n${ended.stdout}${ended.stderr}`);
    await sleep(RETRY_MS * attempt);
  }
  renameSync(partial, JARS);
}

export interface TemporalServer extends AsyncDisposable {
  readonly port: number;
}

/** Starts a server on this machine that keeps everything in memory. */
export async function startServer(): Promise<TemporalServer> {
  const port = await findClosedPort();
  const args = ["-cp", `${JARS}/lib/*`, "io.temporal.testserver.TestServer", String(port)];
  const child = spawn("java", args, { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const end = Date.now() + START_MS;
  while (!(await isListening(port))) {
    if (child.exitCode !== null || Date.now() > end) {
      child.kill("SIGKILL");
      throw new Error(`the Temporal server does not listen; exit code ${child.exitCode}`);
    }
    await sleep(100);
  }
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
