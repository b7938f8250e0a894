import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { appendLines, isErrno } from "../base/files.ts";
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

/** A dead letter, and the destination that did not take it. */
export interface AddressedLetter {
  readonly destination: string;
  readonly letter: DeadLetter;
}

/** Dead letters of one log, one by one: there may be more than fit in memory. */
export async function* readDeadLetters(folder: string): AsyncGenerator<AddressedLetter> {
  for (const { file, destination } of await listFiles(folder)) {
    for await (const letter of readLetters(file)) yield { destination, letter };
  }
}

/** Letters that are taken out, to be dealt with by whoever took them. */
export interface TakenLetters {
  readonly letters: AsyncIterable<DeadLetter>;
  /** Puts back some that are still dead. */
  putBack(letters: readonly DeadLetter[]): Promise<void>;
  /** All are dealt with: what was not put back is gone. */
  finish(): Promise<void>;
}

/**
 * Takes a destination's dead letters. Its writer may go on adding to them meanwhile. What is not finished
 * is taken again the next time. Only one process may do this at a time.
 */
export async function takeDeadLetters(folder: string, destination: string): Promise<TakenLetters> {
  const file = fileOf(folder, destination);
  const isThere = (await listFiles(folder)).some((one) => one.file === file);
  if (isThere) await rename(file, `${file}.${randomBytes(4).toString("hex")}`);
  const files = (await listFiles(folder)).flatMap((one) =>
    one.destination === destination && one.isTaken ? [one.file] : [],
  );
  return {
    letters: readAll(files),
    putBack: (letters) => writeDeadLetters(folder, destination, letters),
    finish: async () => {
      for (const taken of files) await rm(taken);
    },
  };
}

async function* readAll(files: readonly string[]): AsyncGenerator<DeadLetter> {
  for (const file of files) yield* readLetters(file);
}

async function listFiles(folder: string) {
  return (await fileNames(folder)).flatMap((name) => {
    const { destination, taken } = FILE_NAME.exec(name)?.groups ?? {};
    if (destination === undefined) return [];
    return [{ file: path.join(folder, name), destination, isTaken: taken !== undefined }];
  });
}

/** A line that a crash left half-written is no letter. A file that was taken meanwhile has none. */
async function* readLetters(file: string): AsyncGenerator<DeadLetter> {
  try {
    await using handle = await open(file, "r");
    for await (const line of handle.readLines({ autoClose: false })) yield* parseLine(line);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
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
