import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type EndedProcess, runProcess } from "./run-process.ts";

/** The calls that nothing in an idle Node makes but the log: it writes with a position, and syncs data. */
export type LogCall = "pwrite64" | "fdatasync";

/** What happens to which calls: `when` counts from 1 for each call's name, `3+` is the third and all after. */
export interface Injection {
  readonly call: LogCall;
  readonly fault: `signal=${string}` | `error=${string}`;
  readonly when: number | `${number}+` | `${number}..${number}`;
}

export interface TracedProcess extends EndedProcess {
  /** Each call that was watched, a line each, as strace writes it. */
  readonly trace: readonly string[];
  /** How often a fault really happened. */
  readonly injected: number;
}

/**
 * Runs a Node program with faults in its calls. One thread does all of its disk work, because strace
 * counts calls for each thread.
 */
export async function runTraced(
  program: string,
  env: Readonly<Record<string, string>>,
  injections: readonly Injection[],
): Promise<TracedProcess> {
  await using folder = await mkdtempDisposable(path.join(tmpdir(), "turnspan-trace-"));
  const output = path.join(folder.path, "trace");
  const ended = await runProcess(
    "strace",
    [...traceArguments(output, injections), process.execPath, program],
    { env: { PATH: process.env["PATH"], HOME: "/nonexistent", UV_THREADPOOL_SIZE: "1", ...env } },
  );
  const trace = (await readFile(output, "utf8")).split("\n").filter((line) => line !== "");
  const injected = trace.filter((line) => /INJECTED|killed by SIGKILL|stopped by/.test(line));
  return { ...ended, trace, injected: injected.length };
}

/** `--seccomp-bpf` must never be added: with it signals are not delivered, and every test passes. */
export function traceArguments(output: string, injections: readonly Injection[]): string[] {
  return [
    ...["-f", "-qq", "-o", output, "-e", "trace=pwrite64,fdatasync"],
    ...injections.flatMap(({ call, fault, when }) => [
      "-e",
      `inject=${call}:${fault}:when=${when}`,
    ]),
  ];
}
