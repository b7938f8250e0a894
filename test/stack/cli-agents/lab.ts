import type { ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { installDependencies } from "../../support/install.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { type Network, openNetwork } from "./network.ts";
import { type InstalledAgent, programs } from "./programs.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const main = path.join(root, "src/cli/main.ts");

/** Installs the agents as their lock file says; their binaries need no scripts of theirs. */
export const installAgents = (): Promise<void> =>
  installDependencies(import.meta.dirname, ["--ignore-scripts"]);

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A model on the loopback, for all agents. */
export interface Model extends Disposable {
  readonly network: Network;
  readonly url: string;
  /** All that it was asked by now, as it came. */
  asked(): string;
}

export async function startModel(): Promise<Model> {
  const network = await openNetwork();
  const script = path.join(import.meta.dirname, "model/server.ts");
  const env = { PATH: process.env["PATH"] };
  const folder = makeTemporaryFolder({ asked: "" });
  const log = path.join(folder.path, "asked");
  const child = network.start([process.execPath, script, log], { cwd: root, env });
  child.stderr?.pipe(process.stderr);
  const port = await firstLine(child);
  return {
    network,
    url: `http://127.0.0.1:${port}`,
    asked: () => readFileSync(log, "utf8"),
    [Symbol.dispose]: () => {
      child.kill("SIGKILL");
      network[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("the program has no output");
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error("the program ended without a word");
}

/** A home folder with an agent in it, and a data folder of Turnspan's. */
export interface Lab extends Disposable {
  readonly home: string;
  readonly data: string;
  /** The settings of the agent as they are now; undefined where it has none. */
  settings(): string | undefined;
  /** Writes a file below the home folder. */
  write(file: string, content: object): void;
  turnspan(...args: readonly string[]): Promise<Ended>;
  /** Runs `turnspan up` where the agent can reach it. */
  startServer(): ChildProcess;
  /** Gives the agent a prompt, and waits for its end. */
  prompt(prompt: string, options?: { readonly goesOn?: boolean }): Promise<Ended>;
  /** Gives the agent a prompt. */
  start(prompt: string): ChildProcess;
  /** The same by `turnspan run` with these options; the agent's environment may have more. */
  run(prompt: string, options: readonly string[], more?: NodeJS.ProcessEnv): Promise<Ended>;
}

export function openLab(agent: InstalledAgent, { network, url: modelUrl }: Model): Lab {
  const folder = makeTemporaryFolder();
  const home = path.join(folder.path, "home");
  const data = path.join(folder.path, "data");
  const cwd = path.join(home, "project");
  const { env: envOf, files, settings, command } = programs[agent];
  mkdirSync(path.join(cwd, ".git"), { recursive: true });
  for (const [name, content] of Object.entries(files({ home, modelUrl }))) {
    folder.write(path.join("home", name), content);
  }
  const env = {
    ...{ HOME: home, PATH: `${path.dirname(process.execPath)}:${process.env["PATH"]}` },
    ...{ SHELL: "/bin/bash", TURNSPAN_DATA: data, LANG: "C.UTF-8", TERM: "dumb" },
    ...envOf({ home, modelUrl }),
  };
  const start = (prompt: string, goesOn = false): ChildProcess =>
    network.start(command(prompt, goesOn), { cwd, env });
  return {
    ...{ home, data },
    settings: () => {
      try {
        return readFileSync(path.join(home, settings), "utf8");
      } catch {
        return undefined;
      }
    },
    write: (file, content) => void folder.write(path.join("home", file), content),
    turnspan: (...args) => ended(network.start([process.execPath, main, ...args], { cwd, env })),
    startServer: () => {
      const command = [process.execPath, main, "up", "--port", "0", "--ui-port", "0"];
      const server = network.start(command, { cwd, env });
      server.stdout?.resume();
      server.stderr?.resume();
      return server;
    },
    prompt: (prompt, { goesOn } = {}) => ended(start(prompt, goesOn)),
    start,
    run: (prompt, options, more) => {
      const run = [process.execPath, main, "run", ...options, "--", ...command(prompt, false)];
      return ended(network.start(run, { cwd, env: { ...env, ...more } }));
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

async function ended(child: ChildProcess): Promise<Ended> {
  if (child.stdout === null || child.stderr === null) throw new Error("the program has no output");
  const code = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, out, err };
}
