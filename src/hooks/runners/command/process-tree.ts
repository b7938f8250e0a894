import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { CappedOutput, type CappedText } from "./capped-output.ts";

export interface ProcessSpec {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Written to standard input, which is then closed. */
  readonly input: string;
  readonly timeoutMs: number;
  /** Whether our own process must stay for it: nobody waits for an observer. */
  readonly keepsAlive: boolean;
}

/** How a process ended; its code says nothing where it was ended by us. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  readonly stdout: CappedText;
  readonly stderr: CappedText;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** From the polite signal to the other one. */
const GRACE_MS = 200;
/** For the kernel to do what it was told; a process in an uninterruptible wait may never go. */
const GIVE_UP_MS = 200;
/** For what the process wrote last to arrive. */
const DRAIN_MS = 100;

/**
 * Runs a process and everything it starts, in a process group of its own. When the process ends, or its
 * time is up, whatever of the group is left is ended too. Rejects where it cannot be started; resolves
 * otherwise, at the latest 0.4 s after the deadline. `onStart` is told the group's id.
 */
export async function runProcessTree(
  spec: ProcessSpec,
  onStart: (group: number) => void = () => undefined,
): Promise<ProcessEnd> {
  const child = startChild(spec);
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  // Handled where it is awaited below; the child may fail to start before that.
  ended.catch(() => undefined);
  const [stdout, stderr] = [new CappedOutput(child.stdout), new CappedOutput(child.stderr)];
  feed(child, spec.input);
  if (child.pid === undefined) await ended;
  const group = child.pid ?? 0;
  onStart(group);
  const { timedOut, ending } = await endByDeadline(group, ended, spec);
  endGroup(group, "SIGKILL");
  await drain(child);
  for (const output of [stdout, stderr]) output.stop();
  child.stdin.destroy();
  child.unref();
  return { ...ending, timedOut, stdout: stdout.read(), stderr: stderr.read() };
}

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

function startChild({ program, args, cwd, env, keepsAlive }: ProcessSpec): Child {
  const child = spawn(program, [...args], {
    cwd,
    env: { ...env },
    // A session and group of its own: one signal reaches the whole tree.
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    windowsHide: true,
  });
  if (!keepsAlive) {
    child.unref();
    for (const stream of [child.stdin, child.stdout, child.stderr]) unref(stream);
  }
  return child;
}

/** Pipes of a child are sockets, which the type does not say. */
function unref(stream: object): void {
  if ("unref" in stream && typeof stream.unref === "function") stream.unref();
}

/** A process that does not read its input makes this fail, which is its own business. */
function feed(child: Child, input: string): void {
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
}

const UNKNOWN_END: Ending = { code: null, signal: null };

async function endByDeadline(
  group: number,
  ended: Promise<Ending>,
  { timeoutMs, keepsAlive }: ProcessSpec,
): Promise<{ readonly timedOut: boolean; readonly ending: Ending }> {
  const inTime = await settledWithin(ended, timeoutMs, keepsAlive);
  if (inTime !== undefined) return { timedOut: false, ending: inTime };
  endGroup(group, "SIGTERM");
  const polite = await settledWithin(ended, GRACE_MS, keepsAlive);
  if (polite !== undefined) return { timedOut: true, ending: polite };
  endGroup(group, "SIGKILL");
  const forced = await settledWithin(ended, GIVE_UP_MS, keepsAlive);
  return { timedOut: true, ending: forced ?? UNKNOWN_END };
}

async function settledWithin<T>(
  promise: Promise<T>,
  timeoutMs: number,
  keepsAlive: boolean,
): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  if (!keepsAlive) timer.unref();
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for both streams to end, but not long: an escaped process may hold them open for ever. */
async function drain(child: Child): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    if (child.stdout.closed && child.stderr.closed) resolve();
    else child.once("close", () => resolve());
  });
  await settledWithin(closed, DRAIN_MS, false);
}

/** Ends every process of a group; one that is gone already is what was wanted. */
export function endGroup(group: number, signal: NodeJS.Signals): void {
  // Group 0 would be our own.
  if (group <= 0) return;
  try {
    process.kill(-group, signal);
  } catch {
    // ESRCH: nobody is left. EPERM: a process that changed its user, which is not ours to end.
  }
}
