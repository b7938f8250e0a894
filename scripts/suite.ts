// Runs one Vitest project and leaves its results in .reports/<suite>.json:
//
//     suite.ts unit|stack|openclaw|collector|faults|browser [--quick] [VITEST ARGS...]
//
// --quick, of the fault suite, plays fewer rounds.
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const [suite = "unit", ...given] = process.argv.slice(2);
const report = `.reports/${suite}.json`;

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
rmSync(report, { force: true });
if (given.includes("--quick")) process.env["TURNSPAN_FAULTS"] = "quick";

process.argv = [
  process.execPath,
  "vitest",
  "run",
  `--project=${suite}`,
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${report}`,
  // Fault tests wait more than they compute: for disks, outages and processes that they started.
  ...(suite === "faults" ? ["--maxWorkers=3"] : []),
  ...given.filter((argument) => argument !== "--quick"),
];
await import(new URL("../node_modules/vitest/vitest.mjs", import.meta.url).href);
