import { readFile } from "node:fs/promises";

/** Of Linux' clock ticks a second, as every kernel that is shipped has it. */
const TICKS = 100;
const SLACK_MS = 5000;

/**
 * Whether the process with an id still is the one that was there at a time: ids are given out again. Where
 * its start cannot be known, any process with the id counts.
 */
export async function isAlive(pid: number, seenMs: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  const startedMs = await readStart(pid);
  return startedMs === undefined || startedMs <= seenMs + SLACK_MS;
}

async function readStart(pid: number): Promise<number | undefined> {
  const [status, system] = await Promise.all(
    [`/proc/${pid}/stat`, "/proc/stat"].map((file) => readFile(file, "utf8").catch(() => "")),
  );
  const bootS = /^btime (\d+)$/m.exec(system ?? "")?.[1];
  const fields = (status ?? "").slice((status ?? "").lastIndexOf(")") + 2).split(" ");
  const [state, ticks] = [fields[0], fields[19]];
  if (state === "Z") return Number.POSITIVE_INFINITY;
  if (bootS === undefined || ticks === undefined) return undefined;
  return Number(bootS) * 1000 + (Number(ticks) / TICKS) * 1000;
}
