import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { countInServer, expectAllToArrive, RATE } from "./arrivals.ts";
import { type Collector, startCollector } from "./collectors.ts";
import { sendRecords } from "./load.ts";
import { waitFor } from "./processes.ts";

const LIMIT_MS = 600_000;
/** How long the central collector is away: a minute; ten in the full tier. */
const AWAY_MS = process.env["TURNSPAN_STACK"] === "full" ? 600_000 : 60_000;

const started = new AsyncDisposableStack();
const folder = makeTemporaryFolder();
let server: TestServer;
let central: Collector;
let edge: Collector;

beforeAll(async () => {
  started.use(folder);
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

async function kill({ program }: Collector, awayMs: number): Promise<void> {
  await program.end("SIGKILL");
  await sleep(awayMs);
  await program.start();
}

test("an edge that is killed under load loses no record that it acknowledged", {
  timeout: LIMIT_MS,
}, async () => {
  await expectAllToArrive({ edge, central, server }, { prefix: "edge-", count: 5000 }, async () => {
    await sleep(3000);
    await kill(edge, 1000);
    await sleep(2000);
    await kill(edge, 0);
  });
});

test("a central collector that is killed under load loses no record", {
  timeout: LIMIT_MS,
}, async () => {
  await expectAllToArrive(
    { edge, central, server },
    { prefix: "central-", count: 5000 },
    async () => {
      await sleep(3000);
      await kill(central, 1000);
      await sleep(2000);
      await kill(central, 0);
    },
  );
});

test("all records arrive that came while the central collector was away", {
  timeout: AWAY_MS + LIMIT_MS,
}, async () => {
  const count = (RATE * AWAY_MS) / 1000;
  await expectAllToArrive({ edge, central, server }, { prefix: "away-", count: count }, () =>
    kill(central, AWAY_MS),
  );
});

test("the control: an edge whose queue is in memory loses what it acknowledged", {
  timeout: LIMIT_MS,
}, async () => {
  const inMemory = folder.write(
    "in-memory.yaml",
    "exporters: { otlp_grpc/records: { sending_queue: { storage: null } } }",
  );
  const count = 1000;
  await central.program.end("SIGKILL");
  const variables = { CENTRAL_ENDPOINT: central.grpc, CENTRAL_ENDPOINT_2: central.grpc };
  const place = path.join(folder.path, "edge-in-memory");
  const forgetful = await startCollector("edge", place, variables, inMemory);
  await using program = forgetful.program;
  const sent = { prefix: "memory-", perSecond: RATE, count };
  const { acknowledged } = await sendRecords(() => forgetful.url, sent);
  expect(acknowledged.length).toBe(count);
  await program.end("SIGKILL");
  await program.start();
  await central.program.start();
  // What comes after them arrives, and they do not.
  await sendRecords(() => edge.url, { prefix: "after-", perSecond: RATE, count: 50 });
  await waitFor(
    "the records after them",
    LIMIT_MS,
    async () => (await countInServer(server, "after-")) === 50,
  );
  const arrived = await countInServer(server, "memory-");
  console.log(`control: ${count - arrived} of ${count} acknowledged records were lost`);
  expect(arrived).toBeLessThan(count);
});
