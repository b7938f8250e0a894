import { lstat, readFile } from "node:fs/promises";
import path from "node:path";

/** Finds the project that a folder belongs to; each folder is looked at once. */
export type FindProject = (folder: string) => Promise<string>;

/**
 * A folder's project is the root of its git repository, and a worktree's that of the repository it was
 * made from; outside of any repository it is the folder itself. Nothing is run: `.git` is read.
 */
export function createProjectFinder(): FindProject {
  const known = new Map<string, Promise<string | undefined>>();
  const rootOf = (folder: string): Promise<string | undefined> => {
    const found = known.get(folder) ?? readRoot(folder, rootOf);
    known.set(folder, found);
    return found;
  };
  return async (folder) => {
    // A path of another machine, or no path at all, is a name like any other.
    if (!path.isAbsolute(folder)) return folder;
    return (await rootOf(path.normalize(folder))) ?? folder;
  };
}

async function readRoot(
  folder: string,
  rootOf: (folder: string) => Promise<string | undefined>,
): Promise<string | undefined> {
  const git = path.join(folder, ".git");
  const entry = await lstat(git).catch(() => undefined);
  if (entry?.isDirectory()) return folder;
  if (entry?.isFile()) return (await readWorktree(git)) ?? folder;
  const parent = path.dirname(folder);
  return parent === folder ? undefined : rootOf(parent);
}

/** The repository that a worktree's `.git` file points to; undefined for a submodule. */
async function readWorktree(gitFile: string): Promise<string | undefined> {
  const pointer = await readFile(gitFile, "utf8").catch(() => "");
  const target = /^gitdir: (.+)$/m.exec(pointer)?.[1];
  if (target === undefined) return undefined;
  const gitFolder = path.resolve(path.dirname(gitFile), target.trim());
  const common = await readFile(path.join(gitFolder, "commondir"), "utf8").catch(() => undefined);
  if (common !== undefined) return repositoryOf(path.resolve(gitFolder, common.trim()));
  // The repository may have moved away since: its path still tells.
  const [, repository] = /^(.+)[\\/]worktrees[\\/][^\\/]+$/.exec(gitFolder) ?? [];
  return repository === undefined ? undefined : repositoryOf(repository);
}

/** `/a/b/.git` and `/a/b/.bare` are of the repository `/a/b`; `/a/b.git` is one itself. */
const repositoryOf = (gitFolder: string): string =>
  path.basename(gitFolder).startsWith(".") ? path.dirname(gitFolder) : gitFolder;
