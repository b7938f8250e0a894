import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { platform } from "node:os";
import path from "node:path";

/** Only the user who writes may read: audit records name people and what they did. */
export const OWNER_ONLY_FILE = 0o600;
export const OWNER_ONLY_FOLDER = 0o700;

/** Makes a folder that only its owner may enter, and its parents; each new one is safe on disk on return. */
export async function makeOwnFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: OWNER_ONLY_FOLDER });
  if (first === undefined) return;
  const outermost = path.dirname(first);
  for (let at = path.resolve(folder); at !== outermost; at = path.dirname(at)) {
    await syncFolder(path.dirname(at));
  }
}

/**
 * Makes the names in a folder safe: a file whose content is safe may still be missing after a power cut
 * while its folder is not.
 */
export async function syncFolder(folder: string): Promise<void> {
  // Windows has no such call, and keeps its names in a journal of its own.
  if (platform() === "win32") return;
  await using handle = await open(folder, "r");
  await handle.sync();
}

/** Replaces a file whole: after a crash there is the old content or the new one, never a part. */
export async function replaceFile(file: string, content: string): Promise<void> {
  const draft = `${file}.${randomBytes(4).toString("hex")}.new`;
  try {
    await writeSafely(draft, content);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(path.dirname(file));
}

async function writeSafely(file: string, content: string): Promise<void> {
  await using handle = await open(file, "wx", OWNER_ONLY_FILE);
  await handle.writeFile(content);
  await handle.sync();
}

/**
 * Adds whole lines to the end of a file, and returns when they are safe. A half line that a crash left
 * before is ended first, so that it spoils no other.
 */
export async function appendLines(file: string, lines: readonly string[]): Promise<void> {
  await using handle = await open(file, "a+", OWNER_ONLY_FILE);
  const { size } = await handle.stat();
  const lead = size > 0 && !(await endsWithLineFeed(handle, size)) ? "\n" : "";
  await handle.writeFile(`${lead}${lines.join("\n")}\n`);
  await handle.sync();
  if (size === 0) await syncFolder(path.dirname(file));
}

async function endsWithLineFeed(handle: FileHandle, size: number): Promise<boolean> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === 0x0a;
}

/** A file's text; undefined where there is none. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Whether an error is the operating system's, with one of these codes (`ENOENT` …). */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code !== undefined && codes.includes(code);
}
