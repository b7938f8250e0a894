import { randomBytes } from "node:crypto";
import { readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { appendLines, isErrno, readIfThere } from "../base/files.ts";
import type { Damage } from "../base/segment-reader.ts";
import type { WireRecord } from "../lifecycle/record-log.ts";
import type { AuditOwner } from "./otlp-records.ts";

/** A record that a destination will not get, or may not have got, and why. */
export interface DeadLetter {
  /** When that was found, epoch milliseconds. */
  readonly at: number;
  readonly reason: string;
  /** `refused`: it was not taken. `partial`: it is one of a batch of which some were not. `damaged`: it cannot be read. */
  readonly kind: "refused" | "partial" | "damaged";
  readonly seq?: number | undefined;
  readonly record?: WireRecord | undefined;
  /** Who wrote the record. */
  readonly owner?: AuditOwner | undefined;
  readonly damage?: Damage | undefined;
}

/** A file of dead letters, and one that somebody has taken to send them again. */
const FILE_NAME = /^dead-letters-(?<destination>.+)\.jsonl(?<taken>\.[0-9a-f]{8})?$/;

const fileOf = (folder: string, destination: string): string =>
  path.join(folder, `dead-letters-${destination}.jsonl`);

/** Keeps dead letters: safe on disk when the promise resolves. */
export function writeDeadLetters(
  folder: string,
  destination: string,
  letters: readonly DeadLetter[],
): Promise<void> {
  return appendLines(
    fileOf(folder, destination),
    letters.map((letter) => JSON.stringify(letter)),
  );
}

/** Dead letters of one log, by destination. A line that a crash left half-written is no letter. */
export async function readDeadLetters(
  folder: string,
): Promise<ReadonlyMap<string, readonly DeadLetter[]>> {
  const letters = new Map<string, readonly DeadLetter[]>();
  for (const { file, destination } of await listFiles(folder)) {
    letters.set(destination, [...(letters.get(destination) ?? []), ...(await readLetters(file))]);
  }
  return letters;
}

/** Letters that are taken out, to be dealt with by whoever took them. */
export interface TakenLetters {
  readonly letters: readonly DeadLetter[];
  /** Puts back those that are still dead; all others are gone. */
  putBack(letters: readonly DeadLetter[]): Promise<void>;
}

/**
 * Takes a destination's dead letters. Its writer may go on adding to them meanwhile. Those that a crash
 * kept from being put back are taken again. Only one process may do this at a time.
 */
export async function takeDeadLetters(folder: string, destination: string): Promise<TakenLetters> {
  const file = fileOf(folder, destination);
  const isThere = (await listFiles(folder)).some((one) => one.file === file);
  if (isThere) await rename(file, `${file}.${randomBytes(4).toString("hex")}`);
  const taken = (await listFiles(folder)).filter(
    (one) => one.destination === destination && one.isTaken,
  );
  return {
    letters: (await Promise.all(taken.map((one) => readLetters(one.file)))).flat(),
    putBack: async (letters) => {
      if (letters.length > 0) await writeDeadLetters(folder, destination, letters);
      for (const one of taken) await rm(one.file);
    },
  };
}

async function listFiles(folder: string) {
  return (await fileNames(folder)).flatMap((name) => {
    const { destination, taken } = FILE_NAME.exec(name)?.groups ?? {};
    if (destination === undefined) return [];
    return [{ file: path.join(folder, name), destination, isTaken: taken !== undefined }];
  });
}

async function readLetters(file: string): Promise<readonly DeadLetter[]> {
  return ((await readIfThere(file)) ?? "").split("\n").flatMap(parseLine);
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
