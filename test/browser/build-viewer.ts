import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { buildViewer } from "../../scripts/build-viewer.ts";

declare module "vitest" {
  interface ProvidedContext {
    viewerFolder: string;
  }
}

/** Builds the viewer once for all browser tests, in a folder of its own; returns what removes it. */
export async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), "turnspan-viewer-"));
  await buildViewer(folder);
  project.provide("viewerFolder", folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
