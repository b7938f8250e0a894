import { finish } from "./report.ts";
import { benchExporting } from "./turn/bench-exporting.ts";

finish(await benchExporting("Agent turn, SDK 3.1 and API 1.10, exporting", "3"));
