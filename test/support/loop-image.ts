import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A file system of its own in a file. What is in the file is what a power cut would leave. */
export interface LoopImage extends AsyncDisposable {
  /** Where it is mounted. */
  readonly path: string;
  /**
   * Cuts the power: mounts a copy of what is on the disk now, and gives its path. Whoever writes must be
   * stopped, else the copy is torn in itself.
   */
  cutPower(): Promise<string>;
}

/** Makes an ext4 file system and mounts it. Needs root. */
export async function makeLoopImage(megabytes = 24): Promise<LoopImage> {
  const folder = await mkdtemp(path.join(tmpdir(), "turnspan-image-"));
  const image = path.join(folder, "disk");
  const copy = path.join(folder, "copy");
  const mounts: string[] = [];
  const mount = async (file: string, name: string): Promise<string> => {
    const point = path.join(folder, name);
    await mkdir(point);
    await run("mount", ["-o", "loop", file, point]);
    mounts.push(point);
    return point;
  };
  await run("truncate", ["-s", `${megabytes}M`, image]);
  await run("mkfs.ext4", ["-q", "-F", image]);
  const mounted = await mount(image, "mounted");
  return {
    path: mounted,
    cutPower: async () => {
      await run("cp", ["--sparse=always", image, copy]);
      return mount(copy, "after");
    },
    [Symbol.asyncDispose]: async () => {
      // A mount that is left behind outlives the test.
      for (const point of mounts.reverse()) await run("umount", [point]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
