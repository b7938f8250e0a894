import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const START_MS = 120_000;
const END_MS = 60_000;

/** A program that a test started, in a folder of its own; started again it finds what it left there. */
export class Program implements AsyncDisposable {
  readonly #words: readonly [command: string, ...args: string[]];
  readonly #env: NodeJS.ProcessEnv;
  readonly #log: string;
  readonly #isReady: () => Promise<boolean>;
  #child: ChildProcess | undefined;

  constructor(options: {
    readonly words: readonly [command: string, ...args: string[]];
    readonly env?: NodeJS.ProcessEnv;
    /** Folder that its log goes to. */
    readonly folder: string;
    readonly name: string;
    readonly isReady: () => Promise<boolean>;
  }) {
    this.#words = options.words;
    this.#env = { PATH: process.env["PATH"], HOME: options.folder, ...options.env };
    this.#log = path.join(options.folder, `${options.name}.log`);
    this.#isReady = options.isReady;
  }

  async start(): Promise<this> {
    const [command, ...args] = this.#words;
    const log = openSync(this.#log, "a");
    const child = spawn(command, args, { env: this.#env, stdio: ["ignore", log, log] });
    closeSync(log);
    this.#child = child;
    await waitFor(`${command} to be ready`, START_MS, async () => {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`${command} ended at once:\n${this.said()}`);
      }
      return this.#isReady();
    });
    return this;
  }

  /** Of the process that runs now; 0 where none does. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** All that it wrote. */
  said(): string {
    return readFileSync(this.#log, "utf8");
  }

  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill(signal);
    const late = AbortSignal.timeout(END_MS);
    late.addEventListener("abort", () => child.kill("SIGKILL"));
    await exit;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end("SIGKILL");
  }
}

/** Whether the address answers 200. */
export const answers = (url: string) => (): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.ok,
    () => false,
  );

/** Whether somebody takes connections at the port. */
export const listens = (port: number) => (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

/** Asks until the answer is not false or undefined; throws after the deadline, with the last error. */
export async function waitFor<Answer>(
  what: string,
  deadlineMs: number,
  ask: () => Promise<Answer | undefined | false>,
): Promise<Answer> {
  const until = Date.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > until) throw new Error(`waited ${deadlineMs} ms for ${what}`);
    await sleep(100);
  }
}

/** Ports that nobody listens on, all of them different. */
export async function findPorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(
    servers.map((server) => {
      server.close();
      return once(server, "close");
    }),
  );
  return ports;
}
