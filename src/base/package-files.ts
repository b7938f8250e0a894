import { findPackageJSON } from "node:module";
import { extname } from "node:path";

/**
 * Finds a file of the package by its path from the package's folder. A path relative to the asking module would not
 * do: the build joins modules into files that lie elsewhere.
 */
export const findPackageFile = (path: string): URL =>
  new URL(path, `file://${findPackageJSON(import.meta.url) ?? ""}`);

/**
 * Finds a module of ours that is loaded by its path, such as a thread's: `name` is its path below `src`, without an
 * ending. In a checkout it is the source, in the package the built file.
 */
export function findModule(name: string): URL {
  const ending = extname(import.meta.url);
  return findPackageFile(ending === ".ts" ? `src/${name}.ts` : `dist/${name}.js`);
}
