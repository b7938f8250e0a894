import { randomBytes } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { isLocked, tryLock } from "./file-lock.ts";
import { isErrno, makeOwnFolder, OWNER_ONLY_FILE } from "./files.ts";

/**
 * The right to write in a writer's folder, while this process lives and keeps it.
 *
 * It is a lock of the operating system's (see `tryLock`). It ends with its process and with nothing else: a
 * process that is suspended keeps it, and a process that has died cannot, whoever got its process id since.
 * It also holds between containers that share the folder, and between the threads of one process.
 */
export interface Claim extends Disposable {
  /** The writer's name, unique in the log's folder. */
  readonly writer: string;
  readonly folder: string;
}

const WRITER_NAME = /^[0-9a-f]{16}$/;
const LOCK_FILE = "lock";

/** Names of all writers that a log's folder ever had; a folder that does not exist has none. */
export async function listWriters(root: string): Promise<readonly string[]> {
  try {
    const names = await readdir(root);
    return names.filter((name) => WRITER_NAME.test(name)).sort();
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

/** Takes a writer's place; undefined while another process, or another part of this one, has it. */
export function claimWriter(root: string, writer: string): Claim | undefined {
  const folder = path.join(root, writer);
  const lock = tryLock(path.join(folder, LOCK_FILE));
  return lock && { writer, folder, [Symbol.dispose]: () => lock[Symbol.dispose]() };
}

/** Whether a writer lives. Its place is not taken for that, so that nobody else finds it taken. */
export const isWriterAlive = (root: string, writer: string): boolean =>
  isLocked(path.join(root, writer, LOCK_FILE));

/** Takes the place of a writer that is gone, else makes one: there are as many as ever lived at once. */
export async function claimAnyWriter(root: string): Promise<Claim> {
  await makeOwnFolder(root);
  for (const writer of await listWriters(root)) {
    const claim = claimWriter(root, writer);
    if (claim !== undefined) return claim;
  }
  for (;;) {
    const writer = randomBytes(8).toString("hex");
    await makePlace(path.join(root, writer));
    const claim = claimWriter(root, writer);
    // Somebody who looks for places may have been quicker.
    if (claim !== undefined) return claim;
  }
}

/** The lock is made here and never opened again: POSIX drops a process's lock when it closes the file by any handle. */
async function makePlace(folder: string): Promise<void> {
  await makeOwnFolder(folder);
  try {
    await writeFile(path.join(folder, LOCK_FILE), "", { flag: "wx", mode: OWNER_ONLY_FILE });
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
  }
}

/** Takes the places of all writers that are gone. */
export async function claimDeadWriters(root: string): Promise<readonly Claim[]> {
  const claims = (await listWriters(root)).map((writer) => claimWriter(root, writer));
  return claims.filter((claim) => claim !== undefined);
}
