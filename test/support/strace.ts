import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { programEnvironment } from "./program-environment.ts";
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

const environment = (env: Readonly<Record<string, string>>) => ({
  ...programEnvironment,
  // One thread does all of the disk work: strace counts calls for each thread.
  UV_THREADPOOL_SIZE: "1",
  ...env,
});

/** Runs a Node program with faults in its calls, to its end. */
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
    { env: environment(env) },
  );
  const trace = (await readFile(output, "utf8")).split("\n").filter((line) => line !== "");
  const injected = trace.filter((line) => /INJECTED|killed by SIGKILL/.test(line));
  return { ...ended, trace, injected: injected.length };
}

/**
 * Runs a Node program until one of its calls, which still goes through, and stops it there. While it
 * stands still `act` is called; then it is killed. The program says `open <pid>` when it has begun.
 */
export async function stopAt(
  program: string,
  env: Readonly<Record<string, string>>,
  { call, when }: Pick<Injection, "call" | "when">,
  act: () => Promise<void>,
): Promise<{ readonly stdout: string }> {
  await using folder = await mkdtempDisposable(path.join(tmpdir(), "turnspan-trace-"));
  const output = path.join(folder.path, "trace");
  const injection = { call, when, fault: "signal=SIGSTOP" } as const;
  const strace = spawn(
    "strace",
    [...traceArguments(output, [injection]), process.execPath, program],
    { env: environment(env), stdio: ["ignore", "pipe", "inherit"] },
  );
  const stdout = text(strace.stdout);
  let first = "";
  strace.stdout.once("data", (chunk: Buffer) => (first = chunk.toString()));
  while (!(await isStopped(output))) {
    if (strace.exitCode !== null) throw new Error("The program ended before it was stopped");
    await sleep(5);
  }
  const pid = Number(/^open (\d+)/.exec(first)?.[1]);
  await act();
  process.kill(pid, "SIGKILL");
  await once(strace, "close");
  return { stdout: await stdout };
}

/**
 * Uses of a file after its sync had failed, and before it was closed. The kernel has forgotten by then
 * what it could not write: a sync that succeeds says nothing.
 */
export function findUsesAfterFailedSync(trace: readonly string[]): string[] {
  const failed = new Set<string>();
  return trace.filter((line) => {
    const [, call, file = ""] = /\b(pwrite64|fdatasync|close)\((\d+)/.exec(line) ?? [];
    if (call === "close") failed.delete(file);
    const isUse = call !== undefined && call !== "close" && failed.has(file);
    if (call === "fdatasync" && line.includes("INJECTED")) failed.add(file);
    return isUse;
  });
}

async function isStopped(output: string): Promise<boolean> {
  return /stopped by SIGSTOP/.test(await readFile(output, "utf8").catch(() => ""));
}

/** `--seccomp-bpf` must never be added: with it signals are not delivered, and every test passes. */
function traceArguments(output: string, injections: readonly Injection[]): string[] {
  return [
    ...["-f", "-qq", "-o", output, "-e", "trace=pwrite64,fdatasync,close"],
    ...injections.flatMap(({ call, fault, when }) => [
      "-e",
      `inject=${call}:${fault}:when=${when}`,
    ]),
  ];
}
