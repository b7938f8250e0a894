import { realpath, stat } from "node:fs/promises";
import path from "node:path";
import { findConfigFolder } from "../../base/user-folders.ts";
import type { ConfigOrigin } from "./configured-hook.ts";

export interface ConfigWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the user is: the repository around it may have a config. */
  readonly cwd: string;
}

/** Where configs may lie, in the order in which they are read: later ones win. Not each of them exists. */
export async function findConfigPlaces({ env, cwd }: ConfigWorld): Promise<ConfigOrigin[]> {
  const folder = findConfigFolder(env);
  const root = await findRepository(cwd);
  return [
    ...(folder === undefined
      ? []
      : [{ kind: "user", source: path.join(folder, "config.json"), folder } as const]),
    { kind: "repository", source: path.join(root, ".turnspan", "config.json"), folder: root },
  ];
}

/** The folder with `.git` at or above; without one, the folder itself. Links are followed. */
async function findRepository(cwd: string): Promise<string> {
  const start = await realpath(cwd).catch(() => path.resolve(cwd));
  for (let folder = start; ; folder = path.dirname(folder)) {
    // A work tree has a file of that name.
    if ((await stat(path.join(folder, ".git")).catch(() => undefined)) !== undefined) return folder;
    if (folder === path.dirname(folder)) return start;
  }
}
