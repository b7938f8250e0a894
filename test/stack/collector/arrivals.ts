import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { TestServer } from "../../support/server.ts";
import type { Collector } from "./collectors.ts";
import type { Jaeger } from "./jaeger.ts";
import { sendRecords } from "./load.ts";
import { waitFor } from "./processes.ts";
import { idsOf, readAuditFile, recordsOf } from "./records.ts";

const LIMIT_MS = 600_000;
const REST_MS = 10_000;
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
    // Not all the time: it may be long.
    await sleep(1000);
    const times = readAuditFile(central.auditFolder);
    return acknowledged.every((id) => times.has(id)) && times;
  });
  await waitFor("all records in the server", LIMIT_MS, async () => {
    await sleep(1000);
    return (await countInServer(server, prefix)) === count;
  });
  const doubles = acknowledged.reduce((sum, id) => sum + (inFile.get(id) ?? 0) - 1, 0);
  console.log(`${prefix}: ${count} records, ${doubles} came twice`);
}

/** How many of them the server has; there each is one, however often it came. */
export async function countInServer(server: TestServer, prefix: string): Promise<number> {
  const ids = idsOf(await recordsOf(server, "turnspan.message.received"));
  return [...ids].filter((id) => id.startsWith(prefix)).length;
}

/** How many of these traces Jaeger has once no more come. */
export async function countInJaeger(jaeger: Jaeger, traceIds: readonly string[]): Promise<number> {
  let found = new Set<string>();
  return waitFor("traces to come to rest", LIMIT_MS, async () => {
    const before = found.size;
    const missing = traceIds.filter((id) => !found.has(id));
    const traces = await Promise.all(missing.map((id) => jaeger.findTrace(id)));
    found = found.union(new Set(missing.filter((_, at) => traces[at] !== undefined)));
    if (found.size === traceIds.length) return found.size;
    // Longer than a trace waits to be judged, and a batch to be tried again.
    await sleep(REST_MS);
    return found.size === before && found.size;
  });
}
