// Writes docs/openapi.json, which describes the server's query API; a test fails when the two differ.
import { writeFileSync } from "node:fs";
import { describeApi } from "../src/server/openapi.ts";
import { VERSION } from "../src/version.ts";

const file = new URL("../docs/openapi.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(describeApi(VERSION), undefined, 2)}\n`);
