// Builds what the package ships: dist from src.
import { rmSync } from "node:fs";
import { runTool } from "./tool.ts";

rmSync(new URL("../dist", import.meta.url), { recursive: true, force: true });
process.exitCode = runTool("tsc", ["-p", "src"]);
