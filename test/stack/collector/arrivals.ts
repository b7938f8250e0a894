import { expect } from "vitest";
import type { TestServer } from "../../support/server.ts";
import type { Collector } from "./collectors.ts";
import { sendRecords } from "./load.ts";
import { waitFor } from "./processes.ts";
import { readAuditFile } from "./records.ts";

const LIMIT_MS = 600_000;
export const RATE = 500;

interface Way {
  readonly edge: Collector;
  readonly central: Collector;
  readonly server: TestServer;
}

/**
 * Sends records to the edge while something happens, and expects each acknowledged one in the central collector's
 * file and in the server.
 */
export async function expectAllToArrive(
  { edge, central, server }: Way,
  { prefix, count }: { readonly prefix: string; readonly count: number },
  act: () => Promise<void>,
): Promise<void> {
  const [{ acknowledged }] = await Promise.all([
    sendRecords(() => edge.url, { prefix, perSecond: RATE, count }),
    act(),
  ]);
  expect(acknowledged.length).toBe(count);
  const inFile = await waitFor("all records in the audit file", LIMIT_MS, async () => {
    const times = readAuditFile(central.auditFolder);
    return acknowledged.every((id) => times.has(id)) && times;
  });
  await waitFor("all records in the server", LIMIT_MS, async () => {
    return (await countInServer(server, prefix)) === count;
  });
  const doubles = acknowledged.reduce((sum, id) => sum + (inFile.get(id) ?? 0) - 1, 0);
  console.log(`${prefix}: ${count} records, ${doubles} came twice`);
}

/** How many of them the server has; there each is one, however often it came. */
export async function countInServer(server: TestServer, prefix: string): Promise<number> {
  let found = 0;
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: { records: { id: string }[]; nextCursor: string | null } = await server.ask(
      `/api/records?event=turnspan.message.received&limit=1000${cursor === "" ? "" : `&cursor=${cursor}`}`,
    );
    found += page.records.filter(({ id }) => id.startsWith(prefix)).length;
    cursor = page.nextCursor;
  }
  return found;
}
