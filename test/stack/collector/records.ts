import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const RECORD_ID = /"key":"turnspan\.record\.id","value":\{"stringValue":"([^"]+)"\}/g;

/** How often each record id stands in a collector's audit files. Throws at a torn line. */
export function readAuditFile(folder: string): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const file of readdirSync(folder)) {
    for (const line of readFileSync(path.join(folder, file), "utf8").split("\n")) {
      if (line === "") continue;
      JSON.parse(line);
      for (const [, id = ""] of line.matchAll(RECORD_ID)) times.set(id, (times.get(id) ?? 0) + 1);
    }
  }
  return times;
}
