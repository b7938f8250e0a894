import { spawnSync } from "node:child_process";
import path from "node:path";

/** A Node on this machine's PATH that is too old for Turnspan, where there is one. */
export function findOldNode(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  return folders.map((folder) => path.join(folder, "node")).find(isOld);
}

function isOld(node: string): boolean {
  const { status, stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
  return status === 0 && Number.parseInt(stdout.slice(1), 10) < 24;
}
