import { mkdirSync } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";

/**
 * Ways to write a log that lose records, each in its own way: the fault tests must find every one.
 * `no-sync`: acknowledges what the operating system took. `early`: acknowledges before it writes.
 * `deaf`: does not look whether the sync failed. `sync-again`: syncs the same file again after it failed.
 */
export type NaiveKind = "no-sync" | "early" | "deaf" | "sync-again";

export const NAIVE_FILE = "naive.jsonl";

/** A file of JSON lines, as one writes it who has not read about fsync. */
export async function openNaiveLog(
  folder: string,
  kind: NaiveKind,
  body: (n: number) => string,
): Promise<{ append(n: number): Promise<boolean>; close(): Promise<void> }> {
  mkdirSync(folder, { recursive: true });
  const file = await open(path.join(folder, NAIVE_FILE), "a+");
  let position = (await file.stat()).size;
  let waiting = Promise.resolve();
  const write = async (n: number): Promise<void> => {
    const line = Buffer.from(`${body(n)}\n`);
    await file.write(line, 0, line.length, position);
    position += line.length;
    if (kind === "no-sync") return;
    await file.datasync().catch(() => (kind === "sync-again" ? file.datasync() : undefined));
  };
  return {
    append: async (n) => {
      const written = waiting.then(() => write(n));
      waiting = written.catch(() => {});
      if (kind !== "early") await written;
      return true;
    },
    close: async () => {
      await waiting;
      await file.close();
    },
  };
}
