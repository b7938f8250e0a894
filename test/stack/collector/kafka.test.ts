import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { countInJaeger, expectAllToArrive, RATE } from "./arrivals.ts";
import { type Collector, startCollector } from "./collectors.ts";
import { planDay, spansOf, sumOf } from "./day-plan.ts";
import { type Broker, startBroker } from "./kafka-broker.ts";
import { sendRecords, sendTraces } from "./load.ts";
import { waitFor } from "./processes.ts";
import { runDay } from "./run-day.ts";
import { type Stores, startStores } from "./stores.ts";

const LIMIT_MS = 600_000;
const SESSIONS = 5;
const folder = makeTemporaryFolder();
const started = new AsyncDisposableStack();
let stores: Stores;
let broker: Broker;
let edge: Collector;
let central: Collector;

beforeAll(async () => {
  started.use(folder);
  stores = await startStores(started, folder.path);
  broker = await startBroker(path.join(folder.path, "kafka"));
  started.use(broker.program);
  edge = await startCollector("kafkaEdge", path.join(folder.path, "edge-1"), {
    KAFKA_BROKER: broker.address,
  });
  started.use(edge.program);
  // Topics are made by what comes first; a consumer that starts before it would have to wait.
  await sendRecords(() => edge.url, { prefix: "first-", perSecond: RATE, count: 50 });
  await sendTraces(() => edge.url, { perSecond: RATE, count: 50 });
  await sleep(3000);
  central = await startCollector("kafkaCentral", path.join(folder.path, "central-1"), {
    ...{ KAFKA_BROKER: broker.address, ...stores.variables },
  });
  started.use(central.program);
}, 1_800_000);

afterAll(() => started.disposeAsync(), 120_000);

test("records, metrics and traces of a day come through Kafka whole", {
  timeout: LIMIT_MS,
}, async () => {
  const day = planDay(1, SESSIONS);
  const audit = path.join(folder.path, "audit");
  await runDay({ url: edge.url, audit, seed: 1, sessions: SESSIONS });
  const paid = sumOf(day, "nanoUsd");
  for (const metric of ["turnspan_cost_total", "turnspan_spans_cost_total"]) {
    await waitFor(`${metric} to be ${paid} nano-dollars`, LIMIT_MS, async () => {
      const usd = await stores.prometheus.value(`sum(${metric}{job="day"})`);
      return Math.round(usd * 1e9) === paid;
    });
  }
  const failed = day.filter(({ outcome }) => outcome === "failed");
  expect(failed.length).toBeGreaterThan(0);
  for (const turn of failed) {
    const spans = await stores.jaeger.waitForTrace(turn.traceId, spansOf(turn));
    expect(spans.length, turn.traceId).toBe(spansOf(turn));
  }
});

test("no record is lost when either side, or Kafka itself, is killed under load", {
  timeout: LIMIT_MS,
}, async () => {
  const load = { prefix: "kafka-", count: 10_000 };
  const way = { edge, central, server: stores.records };
  const [{ acknowledged }] = await Promise.all([
    sendTraces(() => edge.url, { perSecond: RATE / 5, count: 2000 }),
    expectAllToArrive(way, load, async () => {
      for (const { program } of [central, edge, broker]) {
        await sleep(3000);
        await program.end("SIGKILL");
        await sleep(1000);
        await program.start();
      }
    }),
  ]);
  const lost = acknowledged.length - (await countInJaeger(stores.jaeger, acknowledged));
  console.log(`kafka: ${lost} of ${acknowledged.length} traces lost`);
  // Those that the central collector held back when it was killed.
  expect(lost).toBeLessThan(acknowledged.length / 2);
});
