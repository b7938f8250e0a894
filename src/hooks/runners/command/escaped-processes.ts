import { readdir, readFile } from "node:fs/promises";

/**
 * The variable that marks everything a hook starts: a process may leave its group, but takes this along. A
 * hook of a program that a hook started has the marks of both.
 */
export const RUN_MARKER = "TURNSPAN_HOOK_RUN";

type Env = Readonly<Record<string, string | undefined>>;

/** The marks of a new run, inside of those of the environment. */
export const addMark = (env: Env, mark: string): string =>
  [env[RUN_MARKER], mark].filter(Boolean).join(".");

/** How many hooks a program runs inside of: 0 where it was not started by one. */
export const countMarks = (env: Env): number =>
  (env[RUN_MARKER] ?? "").split(".").filter(Boolean).length;

/** A run whose leftovers are looked for. */
interface EndedRun {
  readonly marker: string;
  /** The process that was started for it, after which its group is named. */
  readonly pid: number;
  readonly onEscaped: (pids: readonly number[]) => void;
}

/** One look for all runs that ended meanwhile: reading a machine's process table costs milliseconds. */
const LOOK_AFTER_MS = 200;
/** What is found may be starting the next one just then. */
const MAX_LOOKS = 3;

/**
 * Finds processes that left the group of the hook that started them, and ends them. Linux only: elsewhere
 * the environment of another process cannot be read, and nothing is done. A process that also threw its
 * environment away is not found.
 */
export class EscapedProcesses {
  #ended: EndedRun[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** Looks for what a run has left, a little later. */
  lookFor(run: EndedRun): void {
    if (process.platform !== "linux") return;
    this.#ended.push(run);
    this.#timer ??= setTimeout(() => void this.#look(), LOOK_AFTER_MS).unref();
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    const runs = this.#ended;
    this.#ended = [];
    const ended = new Set<number>();
    try {
      for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
        const before = ended.size;
        await endEscaped(runs, ended);
        if (ended.size === before) return;
      }
    } catch {
      // No process table to read: nothing can be found.
    }
  }
}

/** Adds what it ends to `ended`; who is in there is going, and is not told of again. */
async function endEscaped(runs: readonly EndedRun[], ended: Set<number>): Promise<void> {
  // What a process starts gets a higher number than its own, unless the numbers began anew in between.
  const lowest = Math.min(...runs.map(({ pid }) => pid));
  const pids = (await readdir("/proc"))
    .map(Number)
    .filter((pid) => pid > lowest && !ended.has(pid));
  const marks = await Promise.all(pids.map(async (pid) => ({ pid, env: await readEnv(pid) })));
  for (const { marker, pid: group, onEscaped } of runs) {
    const marked = marks.filter(({ env }) => env.includes(marker)).map(({ pid }) => pid);
    const escaped = await findLeavers(marked, group);
    if (escaped.length === 0) continue;
    for (const pid of escaped) {
      ended.add(pid);
      endProcess(pid);
    }
    onEscaped(escaped);
  }
}

/** Who is still in the group was ended with it; on a busy machine it may take its time to go. */
async function findLeavers(pids: readonly number[], group: number): Promise<number[]> {
  const groups = await Promise.all(pids.map(readGroup));
  return pids.filter((_, index) => groups[index] !== undefined && groups[index] !== group);
}

/** Undefined for a process that is gone. */
async function readGroup(pid: number): Promise<number | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "latin1");
    // The name stands in parentheses and may hold any character: state, parent and group follow it.
    const [, , group] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return Number(group);
  } catch {
    return undefined;
  }
}

async function readEnv(pid: number): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/environ`, "latin1");
  } catch {
    // Gone meanwhile, or somebody else's.
    return "";
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone meanwhile.
  }
}
