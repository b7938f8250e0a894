import path from "node:path";
import type { ConfigOrigin } from "../config/configured-hook.ts";
import type { AnyPayload } from "../payload.ts";
import { factsOf } from "./facts.ts";

/**
 * Where a command runs: in the session's own folder; where that is not known, in the one that the config
 * belongs to. A repository's command never leaves its repository: elsewhere the same words could name
 * other files than those that were approved.
 */
export function findWorkFolder(payload: AnyPayload, origin: ConfigOrigin): string {
  const { cwd } = factsOf(payload);
  if (cwd === undefined) return origin.folder;
  return origin.kind !== "repository" || isInside(origin.folder, cwd) ? cwd : origin.folder;
}

/** Whether a path is a folder, or lies in it; both as they are written. */
export function isInside(folder: string, file: string): boolean {
  const way = path.relative(folder, file);
  return way === "" || !(way === ".." || way.startsWith(`..${path.sep}`) || path.isAbsolute(way));
}
