import { writeFileSync } from "node:fs";
import { telemetryDocs } from "./telemetry-page.ts";

const page = new URL("../docs/telemetry.md", import.meta.url);
writeFileSync(page, telemetryDocs());
process.stdout.write("docs/telemetry.md written\n");
