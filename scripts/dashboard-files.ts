// Writes dashboards/json from the dashboards in TypeScript.
import { writeFileSync } from "node:fs";
import { dashboardFiles } from "../dashboards/all.ts";

const folder = new URL("../dashboards/json/", import.meta.url);
for (const [name, text] of dashboardFiles()) writeFileSync(new URL(name, folder), text);
process.stdout.write(`dashboards/json: ${dashboardFiles().size} files written\n`);
