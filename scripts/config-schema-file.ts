import { writeFileSync } from "node:fs";
import { configJsonSchema } from "./config-schema.ts";

const file = new URL("../schema/turnspan.json", import.meta.url);
writeFileSync(file, configJsonSchema());
process.stdout.write("schema/turnspan.json written\n");
