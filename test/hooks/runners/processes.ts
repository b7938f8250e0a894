import { readdirSync, readFileSync } from "node:fs";

/** What of a process's entry in Linux's table is looked at. */
interface Listed {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  readonly command: string;
}

/** Every process of this machine. */
function listProcesses(): Listed[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const text = readFileSync(`/proc/${name}/stat`, "utf8");
        // The command stands in parentheses and may hold any character.
        const [state = "", parent = ""] = text.slice(text.lastIndexOf(")") + 2).split(" ");
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        return [{ pid: Number(name), parent: Number(parent), state, command }];
      } catch {
        return [];
      }
    });
}

/** Ended children that this process has not taken note of. */
export const countZombies = (): number =>
  listProcesses().filter(({ parent, state }) => parent === process.pid && state === "Z").length;

export const countDescriptors = (): number => readdirSync("/proc/self/fd").length;

/** Processes whose command line has this text. */
export const findByText = (text: string): Listed[] =>
  listProcesses().filter(({ command, state }) => state !== "Z" && command.includes(text));

/** Waits until something is so, and throws where it is not within this time. */
export async function until(isSo: () => boolean, withinMs: number): Promise<void> {
  const end = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`not so within ${withinMs} ms: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
