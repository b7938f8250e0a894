// Runs every tool that judges the code without running it, all of them even where one fails.
import { styleText } from "node:util";
import { runTool } from "./tool.ts";
import { checkViewerSize } from "./viewer-size.ts";

const STEPS = {
  types: () => runTool("tsc", ["-p", "."]),
  "types of the viewer": () => runTool("tsc", ["-p", "src/web"]),
  "types of its tests": () => runTool("tsc", ["-p", "test/browser"]),
  "format, lint, imports": () => runTool("biome", ["check", "--error-on-warnings", "."]),
  build: () => runTool("build", []),
  "size of the viewer": checkViewerSize,
  "unused code": () => runTool("knip", []),
  "package.json": () => runTool("publint", ["--strict"]),
} as const;

const failed: string[] = [];
for (const [name, run] of Object.entries(STEPS)) {
  console.log(styleText("bold", `\n${name}`));
  if (run() !== 0) failed.push(name);
}
console.log(failed.length === 0 ? "\ncheck: ok" : `\ncheck: failed: ${failed.join("; ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
