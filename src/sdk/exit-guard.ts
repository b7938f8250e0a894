import { isMainThread } from "node:worker_threads";
import { diag } from "@opentelemetry/api";

export interface ExitGuardOptions {
  readonly signals: boolean;
  readonly uncaughtException: boolean;
  readonly timeoutMs: number;
}

/** What there is to do at an exit; it takes no longer than it is given. What it throws changes no exit. */
export interface ExitTasks {
  /** Ends what is open and sends everything; nothing can be recorded afterwards. */
  finish(reason: string, timeoutMs: number): Promise<void>;
  /** Ends what is open and sends everything; recording goes on. */
  settle(reason: string, timeoutMs: number): Promise<void>;
  /** Sends what there is and touches nothing that is open. */
  flush(timeoutMs: number): Promise<unknown>;
}

type Host = Pick<NodeJS.Process, "on" | "off" | "listenerCount" | "kill" | "pid">;

const SIGNALS = ["SIGTERM", "SIGINT"] as const;
type GuardedSignal = (typeof SIGNALS)[number];

/**
 * Sends what is left when the process ends: at its natural end, by SIGTERM or SIGINT, and by an uncaught
 * error if so wished. The process ends as it would have without us, only later: a signal is raised again,
 * an error thrown again. A host that has a handler of its own for a signal decides itself how to end.
 * Dispose it to remove its handlers.
 */
export function installExitGuard(
  tasks: ExitTasks,
  options: ExitGuardOptions,
  host: Host = process,
): Disposable {
  const { timeoutMs } = options;
  const installed = new DisposableStack();
  const dispose = (): void => installed.dispose();
  guardNaturalEnd(tasks, timeoutMs, host, installed);
  // Signals reach the main thread only, and raising one there would end the whole process.
  if (options.signals && isMainThread) {
    for (const signal of SIGNALS) {
      if (host.listenerCount(signal) === 0) guardSignal(signal, tasks, timeoutMs, host, installed);
    }
  }
  if (options.uncaughtException && host.listenerCount("uncaughtException") === 0) {
    guardCrash(tasks, timeoutMs, host, installed);
  }
  return { [Symbol.dispose]: dispose };
}

function guardNaturalEnd(
  tasks: ExitTasks,
  timeoutMs: number,
  host: Host,
  installed: DisposableStack,
): void {
  // Comes again after each time that a listener gave the event loop work.
  const onBeforeExit = (): void => void quietly(() => tasks.settle("exit", timeoutMs));
  host.on("beforeExit", onBeforeExit);
  installed.defer(() => host.off("beforeExit", onBeforeExit));
}

function guardSignal(
  signal: GuardedSignal,
  tasks: ExitTasks,
  timeoutMs: number,
  host: Host,
  installed: DisposableStack,
): void {
  const remove = (): void => void host.off(signal, onSignal);
  const onSignal = (): void => {
    // The host has put a handler beside ours meanwhile: it may still finish its turns.
    if (host.listenerCount(signal) > 1) {
      void quietly(() => tasks.flush(timeoutMs));
      return;
    }
    // Removed first, so that an impatient second signal ends the process at once.
    remove();
    void quietly(() => tasks.finish(signal, timeoutMs)).then(() => {
      if (host.listenerCount(signal) === 0) host.kill(host.pid, signal);
    });
  };
  host.on(signal, onSignal);
  installed.defer(remove);
}

function guardCrash(
  tasks: ExitTasks,
  timeoutMs: number,
  host: Host,
  installed: DisposableStack,
): void {
  let isEnding = false;
  const onError = (error: unknown): void => {
    // One error brings others with it. Without us the first would have ended the process before they came.
    if (isEnding) return;
    if (host.listenerCount("uncaughtException") > 1) {
      void quietly(() => tasks.flush(timeoutMs));
      return;
    }
    isEnding = true;
    void quietly(() => tasks.finish("uncaughtException", timeoutMs)).then(() => {
      // `finish` has disposed of the guard, or failed to.
      host.off("uncaughtException", onError);
      // Outside of any promise, so that Node reports it as what it is: uncaught.
      setImmediate(() => {
        throw error;
      });
    });
  };
  host.on("uncaughtException", onError);
  installed.defer(() => {
    // While an error is being taken care of, it stays: the guard is disposed of by what `finish` does.
    if (!isEnding) host.off("uncaughtException", onError);
  });
}

/** A process must end as it would have without us, whatever goes wrong here. */
async function quietly(task: () => Promise<unknown>): Promise<void> {
  try {
    await task();
  } catch (error) {
    diag.error("turnspan: what was left at the exit could not all be sent", error);
  }
}
