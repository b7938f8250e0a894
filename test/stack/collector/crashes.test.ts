import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { type Collector, startCollector } from "./collectors.ts";
import { sendRecords } from "./load.ts";
import { waitFor } from "./processes.ts";
import { readAuditFile } from "./records.ts";

const LIMIT_MS = 600_000;
const RATE = 500;
/** How long the central collector is away: a minute; ten in the full tier. */
const AWAY_MS = process.env["TURNSPAN_STACK"] === "full" ? 600_000 : 60_000;

const started = new AsyncDisposableStack();
let server: TestServer;
let central: Collector;
let edge: Collector;

beforeAll(async () => {
  const folder = started.use(makeTemporaryFolder());
  server = started.use(await startTestServer());
  central = await startCollector("central", path.join(folder.path, "central-1"), {
    RECORDS_ENDPOINT: server.server.otlpUrl,
    // Nobody there: what records do must not depend on traces and metrics.
    TRACES_ENDPOINT: "http://127.0.0.1:9",
    METRICS_ENDPOINT: "http://127.0.0.1:9",
  });
  started.use(central.program);
  edge = await startCollector("edge", path.join(folder.path, "edge-1"), {
    CENTRAL_ENDPOINT: central.grpc,
    CENTRAL_ENDPOINT_2: central.grpc,
  });
  started.use(edge.program);
}, 1_800_000);

afterAll(() => started.disposeAsync(), 120_000);

/** Sends while something happens, and waits until every acknowledged record is in the file and in the server. */
async function sendWhile(
  prefix: string,
  count: number,
  act: () => Promise<void>,
): Promise<{ readonly doubles: number }> {
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
    const { records } = await server.ask<{ readonly records: readonly { readonly id: string }[] }>(
      `/api/records?event=turnspan.message.received&limit=1`,
    );
    return records.length > 0 && (await countInServer(prefix)) === count;
  });
  const doubles = acknowledged.reduce((sum, id) => sum + (inFile.get(id) ?? 0) - 1, 0);
  console.log(`${prefix}: ${count} records, ${doubles} came twice`);
  return { doubles };
}

/** Records of the server are unique by id: so many there are. */
async function countInServer(prefix: string): Promise<number> {
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

async function kill({ program }: Collector, awayMs: number): Promise<void> {
  await program.end("SIGKILL");
  await sleep(awayMs);
  await program.start();
}

test("an edge that is killed under load loses no record that it acknowledged", {
  timeout: LIMIT_MS,
}, async () => {
  await sendWhile("edge-", 5000, async () => {
    await sleep(3000);
    await kill(edge, 1000);
    await sleep(2000);
    await kill(edge, 0);
  });
});

test("a central collector that is killed under load loses no record", {
  timeout: LIMIT_MS,
}, async () => {
  await sendWhile("central-", 5000, async () => {
    await sleep(3000);
    await kill(central, 1000);
    await sleep(2000);
    await kill(central, 0);
  });
});

test("all records arrive that came while the central collector was away", {
  timeout: AWAY_MS + LIMIT_MS,
}, async () => {
  const count = (RATE * AWAY_MS) / 1000;
  await sendWhile("away-", count, () => kill(central, AWAY_MS));
});
