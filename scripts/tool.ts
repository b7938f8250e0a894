import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const TOOLS = {
  build: "scripts/build.ts",
  tsc: "node_modules/typescript/bin/tsc",
  biome: "node_modules/@biomejs/biome/bin/biome",
  knip: "node_modules/knip/bin/knip.js",
  publint: "node_modules/publint/src/cli.js",
} as const;

/** Runs a development tool in the project's folder, on this Node; returns its exit code. */
export function runTool(tool: keyof typeof TOOLS, args: readonly string[]): number {
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const { status, error } = spawnSync(process.execPath, [TOOLS[tool], ...args], {
    cwd,
    stdio: "inherit",
  });
  if (error) throw error;
  return status ?? 1;
}
