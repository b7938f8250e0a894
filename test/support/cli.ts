import { runCli } from "../../src/cli/run.ts";

export interface CliRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line in this process, with nothing of this machine in its context. */
export async function runTurnspan(
  args: readonly string[],
  world: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Promise<CliRun> {
  const texts = { out: "", err: "" };
  const code = await runCli(args, {
    env: world.env ?? {},
    cwd: world.cwd ?? "/",
    stdout: { write: (text) => (texts.out += text) },
    stderr: { write: (text) => (texts.err += text) },
    now: () => Date.parse("2026-11-21T12:00:00Z"),
    fetch: globalThis.fetch,
    signal: new AbortController().signal,
  });
  return { code, ...texts };
}
