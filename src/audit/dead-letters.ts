import { readdir } from "node:fs/promises";
import path from "node:path";
import { appendLines, isErrno, readIfThere } from "../base/files.ts";
import type { Damage } from "../base/segment-reader.ts";
import type { WireRecord } from "../lifecycle/record-log.ts";

/** A record that a destination will not get, or may not have got, and why. */
export interface DeadLetter {
  /** When that was found, epoch milliseconds. */
  readonly at: number;
  readonly reason: string;
  /** `refused`: it was not taken. `partial`: it is one of a batch of which some were not. `damaged`: it cannot be read. */
  readonly kind: "refused" | "partial" | "damaged";
  readonly seq?: number | undefined;
  readonly record?: WireRecord | undefined;
  readonly damage?: Damage | undefined;
}

const PREFIX = "dead-letters-";
const SUFFIX = ".jsonl";

/** Keeps dead letters: safe on disk when the promise resolves. */
export function writeDeadLetters(
  folder: string,
  destination: string,
  letters: readonly DeadLetter[],
): Promise<void> {
  const file = path.join(folder, `${PREFIX}${destination}${SUFFIX}`);
  return appendLines(
    file,
    letters.map((letter) => JSON.stringify(letter)),
  );
}

/** Dead letters of one log, by destination. A line that a crash left half-written is no letter. */
export async function readDeadLetters(
  folder: string,
): Promise<ReadonlyMap<string, readonly DeadLetter[]>> {
  const letters = new Map<string, readonly DeadLetter[]>();
  for (const name of await fileNames(folder)) {
    if (!name.startsWith(PREFIX) || !name.endsWith(SUFFIX)) continue;
    const text = (await readIfThere(path.join(folder, name))) ?? "";
    letters.set(name.slice(PREFIX.length, -SUFFIX.length), text.split("\n").flatMap(parseLine));
  }
  return letters;
}

async function fileNames(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

function parseLine(line: string): DeadLetter[] {
  if (line === "") return [];
  try {
    return [JSON.parse(line) as DeadLetter];
  } catch {
    return [];
  }
}
