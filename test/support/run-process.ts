import { type SpawnOptions, spawn } from "node:child_process";
import { text } from "node:stream/consumers";

export interface EndedProcess {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions extends Pick<SpawnOptions, "cwd" | "env" | "timeout"> {
  /** Called as soon as the process has written this to standard output: `[text, what to do]`. */
  readonly when?: readonly [text: string, act: (kill: (signal: NodeJS.Signals) => void) => void];
}

/** Runs a command without standard input until its end; never throws for how it ended. */
export async function runProcess(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<EndedProcess> {
  const { when, ...spawnOptions } = options;
  const child = spawn(command, args, { ...spawnOptions, stdio: ["ignore", "pipe", "pipe"] });
  if (when) {
    child.stdout.on("data", (chunk: Buffer) => {
      if (chunk.toString().includes(when[0])) when[1]((signal) => child.kill(signal));
    });
  }
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve([code, signal]));
  });
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended,
  ]);
  return { code, signal, stdout, stderr };
}
