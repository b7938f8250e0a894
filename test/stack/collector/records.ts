import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { TestServer } from "../../support/server.ts";

const RECORD_ID = /"key":"turnspan\.record\.id","value":\{"stringValue":"([^"]+)"\}/g;

/** How often each record id stands in a collector's audit files. Throws at a torn line; the one being written is none. */
export function readAuditFile(folder: string): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const file of readdirSync(folder)) {
    const text = readFileSync(path.join(folder, file), "utf8");
    for (const line of text.split("\n").slice(0, -1)) {
      JSON.parse(line);
      for (const [, id = ""] of line.matchAll(RECORD_ID)) times.set(id, (times.get(id) ?? 0) + 1);
    }
  }
  return times;
}

export interface StoredRecord {
  readonly id: string;
  readonly traceId: string;
  readonly attributes: readonly (readonly [name: string, value: unknown])[];
}

interface RecordPage {
  readonly records: readonly StoredRecord[];
  readonly nextCursor: string | null;
}

/** A server's records: all, or those of an event. */
export async function recordsOf(
  server: TestServer,
  event?: string,
): Promise<readonly StoredRecord[]> {
  const records: StoredRecord[] = [];
  const query = new URLSearchParams({ limit: "1000", ...(event !== undefined && { event }) });
  for (;;) {
    const page = await server.ask<RecordPage>(`/api/records?${query}`);
    records.push(...page.records);
    if (page.nextCursor === null) return records;
    query.set("cursor", page.nextCursor);
  }
}

export const idsOf = (records: readonly StoredRecord[]): ReadonlySet<string> =>
  new Set(records.map(({ id }) => id));
