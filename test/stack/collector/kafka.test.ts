import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { expectAllToArrive, RATE } from "./arrivals.ts";
import { type Collector, startCollector } from "./collectors.ts";
import { type Broker, startBroker } from "./kafka-broker.ts";
import { sendRecords } from "./load.ts";

const LIMIT_MS = 600_000;
const folder = makeTemporaryFolder();
const started = new AsyncDisposableStack();
let server: TestServer;
let broker: Broker;
let edge: Collector;
let central: Collector;

beforeAll(async () => {
  started.use(folder);
  server = started.use(await startTestServer());
  broker = await startBroker(path.join(folder.path, "kafka"));
  started.use(broker.program);
  edge = await startCollector("kafkaEdge", path.join(folder.path, "edge-1"), {
    KAFKA_BROKER: broker.address,
  });
  started.use(edge.program);
  // The topic is made by the first record; a consumer that starts before it would have to wait.
  const first = await sendRecords(() => edge.url, { prefix: "first-", perSecond: RATE, count: 50 });
  expect(first.acknowledged.length).toBe(50);
  await sleep(3000);
  central = await startCollector("kafkaCentral", path.join(folder.path, "central-1"), {
    ...{ KAFKA_BROKER: broker.address, RECORDS_ENDPOINT: server.server.otlpUrl },
    ...{ TRACES_ENDPOINT: "http://127.0.0.1:9", METRICS_ENDPOINT: "http://127.0.0.1:9" },
  });
  started.use(central.program);
}, 1_800_000);

afterAll(() => started.disposeAsync(), 120_000);

test("no record is lost when either side, or Kafka itself, is killed under load", {
  timeout: LIMIT_MS,
}, async () => {
  const load = { prefix: "kafka-", count: 10_000 };
  await expectAllToArrive({ edge, central, server }, load, async () => {
    for (const { program } of [central, edge, broker]) {
      await sleep(3000);
      await program.end("SIGKILL");
      await sleep(1000);
      await program.start();
    }
  });
});
