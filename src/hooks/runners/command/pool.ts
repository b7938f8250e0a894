import { randomBytes } from "node:crypto";
import { addMark, EscapedProcesses, RUN_MARKER } from "./escaped-processes.ts";
import { endGroup, type ProcessEnd, type ProcessSpec, runProcessTree } from "./process-tree.ts";

/** Observers' commands that run at a time; the next ones wait. */
const MAX_OBSERVERS = 4;

/** What a run is, and who is told when something of it had escaped and was ended. */
export interface PoolRun extends Omit<ProcessSpec, "keepsAlive"> {
  /** A guard starts at once, since a turn waits for it, and keeps our process alive. */
  readonly isGuard: boolean;
  readonly onEscaped: (pids: readonly number[]) => void;
  /** Told of an observer's command that the pool's end kept from its own. */
  readonly onLeft?: (() => void) | undefined;
}

/** Runs commands, not too many at a time. Disposing it ends all that run. */
export class CommandPool implements Disposable {
  readonly #escaped = new EscapedProcesses();
  readonly #groups = new Set<number>();
  readonly #waiting: (() => void)[] = [];
  /** Observers' runs that are neither over nor left. */
  readonly #observed = new Set<PoolRun>();
  #observers = 0;

  /** Rejects where the command cannot be started, or its time was up before its turn came. */
  async run(run: PoolRun): Promise<ProcessEnd> {
    if (run.isGuard) return this.#start(run);
    const waitingSince = performance.now();
    this.#observed.add(run);
    await this.#place();
    try {
      if (!this.#observed.has(run)) throw new Error("not started: its program has ended");
      const timeoutMs = run.timeoutMs - (performance.now() - waitingSince);
      if (timeoutMs > 0) return await this.#start({ ...run, timeoutMs });
      throw new Error(`not started: ${MAX_OBSERVERS} others took all of its ${run.timeoutMs} ms`);
    } finally {
      this.#observed.delete(run);
      this.#observers -= 1;
      this.#waiting.shift()?.();
    }
  }

  [Symbol.dispose](): void {
    for (const group of this.#groups) endGroup(group, "SIGKILL");
    for (const run of this.#observed) run.onLeft?.();
    this.#observed.clear();
  }

  /** Never at once: starting a process takes milliseconds, which the turn would lose. */
  #place(): Promise<void> {
    return new Promise((resolve) => {
      const take = (): void => {
        this.#observers += 1;
        setImmediate(resolve);
      };
      if (this.#observers < MAX_OBSERVERS) take();
      else this.#waiting.push(take);
    });
  }

  async #start({ isGuard, onEscaped, onLeft: _, env, ...spec }: PoolRun): Promise<ProcessEnd> {
    const marker = randomBytes(12).toString("hex");
    let group = 0;
    const marked = {
      ...spec,
      env: { ...env, [RUN_MARKER]: addMark(env, marker) },
      keepsAlive: isGuard,
    };
    const remember = (started: number): void => {
      group = started;
      this.#groups.add(group);
    };
    try {
      return await runProcessTree(marked, remember);
    } finally {
      this.#groups.delete(group);
      if (group > 0) this.#escaped.lookFor({ marker, pid: group, onEscaped });
    }
  }
}
