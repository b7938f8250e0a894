// Builds what the package ships: types by tsc, code by Rolldown, the viewer and OpenClaw's plugin by Vite.
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildViewer } from "./build-viewer.ts";
import { bundlePackage } from "./bundle.ts";
import { bundlePlugin } from "./bundle-plugin.ts";
import { runTool } from "./tool.ts";

const dist = fileURLToPath(new URL("../dist", import.meta.url));

rmSync(dist, { recursive: true, force: true });
process.exitCode = runTool("tsc", ["-p", "src", "--emitDeclarationOnly"]);
if (process.exitCode === 0) {
  await bundlePackage(dist);
  await bundlePlugin(`${dist}/openclaw`);
  await buildViewer();
}
