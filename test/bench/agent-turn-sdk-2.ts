import { installPackages } from "./install.ts";
import { finish } from "./report.ts";
import { benchExporting } from "./turn/bench-exporting.ts";

await installPackages("test/compat/sdk-2");
finish(await benchExporting("Agent turn, SDK 2.12 and API 1.9, exporting", "2"));
