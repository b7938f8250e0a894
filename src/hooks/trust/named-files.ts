import { hash } from "node:crypto";
import { readFile, realpath, stat } from "node:fs/promises";
import path from "node:path";
import type { HookAction } from "../config/configured-hook.ts";
import { isInside } from "../runners/work-folder.ts";
import { splitCommand } from "./shell-words.ts";

/** Files by their path from a repository's root, each with a hash of where it really lies and what is in it. */
export type FileHashes = Readonly<Record<string, string>>;

/** Variables by which commands name their project's files. */
const PROJECT_VARIABLE = /\$\{?(?:CLAUDE_PROJECT_DIR|TURNSPAN_PROJECT_DIR|PWD)\}?/g;

/** Programs that do what a file says which their command line does not name. */
const impliedFiles: Readonly<Record<string, readonly string[]>> = {
  npm: ["package.json"],
  npx: ["package.json"],
  pnpm: ["package.json"],
  yarn: ["package.json"],
  make: ["Makefile", "makefile", "GNUmakefile"],
  just: ["justfile", "Justfile"],
};

/** Files that are run where a folder is named. */
const FOLDER_FILES = ["package.json", "index.js", "index.mjs", "index.cjs", "index.ts"] as const;

/**
 * Hashes the files of a repository that an action names, as it would find them in a working folder. Files
 * outside are not the repository's: `/usr/bin/node` may change.
 */
export async function hashNamedFiles(
  action: HookAction,
  root: string,
  workFolder: string,
): Promise<FileHashes> {
  const found = new Map<string, string>();
  // A script's path begins at the root wherever the session works.
  const start = action.type === "script" ? root : workFolder;
  for (const file of await listCandidates(wordsOf(action), root, start)) {
    if (!isInside(root, file)) continue;
    const hashed = await hashFile(file, root);
    if (hashed !== undefined) found.set(path.relative(root, file), hashed);
  }
  return Object.fromEntries([...found].sort(([one], [other]) => (one < other ? -1 : 1)));
}

function wordsOf(action: HookAction): readonly string[] {
  if (action.type === "script") return [action.script];
  if (action.type !== "command") return [];
  return typeof action.command === "string" ? splitCommand(action.command) : action.command;
}

/** A word may be a path from the working folder, or from a folder that another word names (`cd sub && ./x`). */
async function listCandidates(
  words: readonly string[],
  root: string,
  workFolder: string,
): Promise<Set<string>> {
  const plain = words
    .map((word) => word.replace(PROJECT_VARIABLE, "."))
    .flatMap((word) => (word.includes("=") ? [word, word.slice(word.indexOf("=") + 1)] : [word]))
    .filter((word) => word !== "");
  const folders: string[] = [];
  for (const word of plain) {
    const folder = path.resolve(workFolder, word);
    if (isInside(root, folder) && (await isFolder(folder))) folders.push(folder);
  }
  const implied = plain.flatMap((word) => impliedFiles[path.basename(word)] ?? []);
  const resolve = (bases: readonly string[], names: readonly string[]): string[] =>
    bases.flatMap((base) => names.map((name) => path.resolve(base, name)));
  return new Set([
    ...resolve([workFolder, root, ...folders], [...plain, ...implied]),
    ...resolve(folders, FOLDER_FILES),
  ]);
}

const isFolder = async (file: string): Promise<boolean> =>
  (await stat(file).catch(() => undefined))?.isDirectory() ?? false;

/** Undefined for what is no file. A link counts with its goal, so that another goal is another file. */
async function hashFile(file: string, root: string): Promise<string | undefined> {
  try {
    const real = await realpath(file);
    if (!(await stat(real)).isFile()) return undefined;
    const content = hash("sha256", await readFile(real), "hex");
    return hash("sha256", `${path.relative(root, real)}\0${content}`, "hex");
  } catch {
    return undefined;
  }
}
