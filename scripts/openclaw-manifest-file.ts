import { writeFileSync } from "node:fs";
import { openclawManifest } from "./openclaw-manifest.ts";

const file = new URL("../openclaw.plugin.json", import.meta.url);
writeFileSync(file, openclawManifest());
process.stdout.write("openclaw.plugin.json written\n");
