import type { CliContext } from "../../src/cli/context.ts";
import { runCli } from "../../src/cli/run.ts";

export interface CliRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line in this process, with nothing of this machine in its context. */
export async function runTurnspan(
  args: readonly string[],
  world: Partial<
    Pick<CliContext, "env" | "cwd" | "stdin" | "signal" | "now" | "startDetached">
  > = {},
): Promise<CliRun> {
  const texts = { out: "", err: "" };
  const code = await runCli(args, {
    env: world.env ?? {},
    cwd: world.cwd ?? "/",
    stdout: {
      write: (text, done) => {
        texts.out += text;
        done?.();
      },
    },
    stderr: { write: (text) => (texts.err += text) },
    now: world.now ?? (() => Date.parse("2026-11-21T12:00:00Z")),
    fetch: globalThis.fetch,
    signal: world.signal ?? new AbortController().signal,
    ...(world.stdin && { stdin: world.stdin }),
    ...(world.startDetached && { startDetached: world.startDetached }),
  });
  return { code, ...texts };
}
