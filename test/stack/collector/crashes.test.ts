import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { countInJaeger, countInServer, expectAllToArrive, RATE } from "./arrivals.ts";
import { type Collector, startCollector } from "./collectors.ts";
import { type Jaeger, startJaeger } from "./jaeger.ts";
import { sendRecords, sendTraces } from "./load.ts";
import { waitFor } from "./processes.ts";

const LIMIT_MS = 600_000;
/** How long the central collector is away: a minute; ten in the full tier. */
const AWAY_MS = process.env["TURNSPAN_STACK"] === "full" ? 600_000 : 60_000;

const started = new AsyncDisposableStack();
const folder = makeTemporaryFolder();
let server: TestServer;
let jaeger: Jaeger;
let central: Collector;
let edge: Collector;

beforeAll(async () => {
  started.use(folder);
  server = started.use(await startTestServer());
  jaeger = await startJaeger(path.join(folder.path, "jaeger"));
  started.use(jaeger.program);
  central = await startCollector("central", path.join(folder.path, "central-1"), {
    RECORDS_ENDPOINT: server.server.otlpUrl,
    TRACES_ENDPOINT: jaeger.otlpUrl,
    // Nobody there: what records do must not depend on metrics.
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

async function kill({ program }: Pick<Collector, "program">, awayMs: number): Promise<void> {
  await program.end("SIGKILL");
  await sleep(awayMs);
  await program.start();
}

/** Kills it twice under load. No record may be lost; gives how many traces were, of those that were acknowledged. */
async function killUnderLoad(name: string, victim: Pick<Collector, "program">): Promise<number> {
  const load = { prefix: `${name}-`, count: 5000 };
  const [{ acknowledged }] = await Promise.all([
    sendTraces(() => edge.url, { perSecond: RATE / 5, count: 1000 }),
    expectAllToArrive({ edge, central, server }, load, async () => {
      await sleep(3000);
      await kill(victim, 1000);
      await sleep(2000);
      await kill(victim, 0);
    }),
  ]);
  const lost = acknowledged.length - (await countInJaeger(jaeger, acknowledged));
  console.log(`${name} killed twice: ${lost} of ${acknowledged.length} traces lost`);
  return lost;
}

test("an edge that is killed under load loses nothing that it acknowledged", {
  timeout: LIMIT_MS,
}, async () => {
  expect(await killUnderLoad("edge", edge)).toBe(0);
});

test("a central collector that is killed under load loses no record, and the traces that it held back", {
  timeout: LIMIT_MS,
}, async () => {
  const lost = await killUnderLoad("central", central);
  expect(lost).toBeGreaterThan(0);
  expect(lost).toBeLessThan(1000);
});

test("Jaeger that is killed under load loses no trace that it acknowledged", {
  timeout: LIMIT_MS,
}, async () => {
  expect(await killUnderLoad("jaeger", jaeger)).toBe(0);
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
