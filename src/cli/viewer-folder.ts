import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findPackageFile } from "../base/package-files.ts";

/** Finds the folder of the built viewer; `undefined` where it is not built. */
export function findViewer(): string | undefined {
  const folder = fileURLToPath(findPackageFile("dist/web"));
  return existsSync(`${folder}/index.html`) ? folder : undefined;
}
