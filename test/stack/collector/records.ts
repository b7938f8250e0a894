import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { TestServer } from "../../support/server.ts";

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

interface RecordPage {
  readonly records: readonly { readonly id: string }[];
  readonly nextCursor: string | null;
}

/** Ids of a server's records: of all, or of those of an event. */
export async function recordIdsOf(
  server: TestServer,
  event?: string,
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  const query = new URLSearchParams({ limit: "1000", ...(event !== undefined && { event }) });
  for (;;) {
    const page = await server.ask<RecordPage>(`/api/records?${query}`);
    for (const { id } of page.records) ids.add(id);
    if (page.nextCursor === null) return ids;
    query.set("cursor", page.nextCursor);
  }
}
