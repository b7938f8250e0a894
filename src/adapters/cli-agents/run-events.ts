import { copyFile, mkdtemp, open, readdir, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { makeOwnFolder } from "../../base/files.ts";
import { spoolFolder } from "./capture-script.ts";

const HEAD_BYTES = 256;

/** A data folder that is gone when it is disposed of. */
interface CopiedEvents extends AsyncDisposable {
  readonly path: string;
}

/** Copies the events of a run that wait in a data folder into a folder of their own, with their times. */
export async function copyRunEvents(dataFolder: string, run: string): Promise<CopiedEvents> {
  const folder = await mkdtemp(path.join(tmpdir(), "turnspan-run-"));
  const [from, to] = [spoolFolder(dataFolder), spoolFolder(folder)];
  await makeOwnFolder(to);
  for (const name of await readdir(from).catch(() => [])) {
    const file = path.join(from, name);
    if (!name.endsWith(".event") || !(await isOfRun(file, run))) continue;
    const { atime, mtime } = await stat(file);
    await copyFile(file, path.join(to, name));
    await utimes(path.join(to, name), atime, mtime);
  }
  return {
    path: folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function isOfRun(file: string, run: string): Promise<boolean> {
  await using handle = await open(file, "r");
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  const [head = ""] = buffer.toString("utf8", 0, bytesRead).split("\n");
  return head.endsWith(` ${run}`);
}
