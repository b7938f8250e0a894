import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A network that ends at this machine. */
export interface Network extends Disposable {
  /** Whether nothing leads out of it; else only the programs' own settings keep them from trying. */
  readonly isClosed: boolean;
  /** Starts a program in it. */
  start(
    command: readonly string[],
    options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  ): ChildProcess;
}

/** Opens a network namespace where the system lets us, which takes root on Linux. */
export async function openNetwork(): Promise<Network> {
  const isAllowed = spawnSync("unshare", ["-n", "ip", "link", "set", "lo", "up"]).status === 0;
  const holder = isAllowed ? await startHolder() : undefined;
  const enter = holder === undefined ? [] : ["nsenter", `--net=/proc/${holder.pid}/ns/net`];
  return {
    isClosed: isAllowed,
    start: (command, options) => {
      const [program = "", ...args] = [...enter, ...command];
      // A group of its own: some agents start themselves again, and are killed whole.
      return spawn(program, args, {
        ...options,
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      });
    },
    [Symbol.dispose]: () => void holder?.kill("SIGKILL"),
  };
}

/** Keeps the namespace for as long as it lives. */
async function startHolder(): Promise<ChildProcess> {
  const script = "ip link set lo up && echo ready && exec sleep 3600";
  const holder = spawn("unshare", ["-n", "sh", "-c", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(createInterface({ input: holder.stdout }), "line");
  return holder;
}
