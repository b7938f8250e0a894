import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A file system in memory of a certain size. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Leaves no room. */
  fill(): Promise<void>;
  /** Takes away again what filled it. */
  empty(): Promise<void>;
}

/** Makes and mounts one. Needs root. */
export async function makeSmallDisk(megabytes: number): Promise<SmallDisk> {
  const folder = await mkdtemp(path.join(tmpdir(), "turnspan-disk-"));
  await run("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]);
  const ballast = path.join(folder, "ballast");
  return {
    path: folder,
    // As much as goes in; that not all of it does is the point.
    fill: () => writeFile(ballast, Buffer.alloc(2 * megabytes * 1024 * 1024)).catch(() => {}),
    empty: () => rm(ballast, { force: true }),
    [Symbol.asyncDispose]: async () => {
      await run("umount", [folder]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
