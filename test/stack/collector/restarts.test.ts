import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { growth } from "../../../dashboards/queries.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { type Collector, startCollector } from "./collectors.ts";
import { planDay, sumOf } from "./day-plan.ts";
import { waitFor } from "./processes.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";
import { runDay } from "./run-day.ts";

const LIMIT_MS = 600_000;
const SESSIONS = 2;
/** Days of two machines: five processes each, one after the other, all with agents of equal names. */
const machines = [
  [1, 2, 3, 4, 5],
  [6, 7, 8, 9, 10],
] as const;

const folder = makeTemporaryFolder();
const started = new AsyncDisposableStack();
let server: TestServer;
let prometheus: Prometheus;
let single: Collector;

beforeAll(async () => {
  started.use(folder);
  server = started.use(await startTestServer());
  prometheus = await startPrometheus(path.join(folder.path, "prometheus"));
  started.use(prometheus.program);
  single = await startCollector("single", path.join(folder.path, "single-1"), {
    RECORDS_ENDPOINT: server.server.otlpUrl,
    TRACES_ENDPOINT: server.server.otlpUrl,
    METRICS_ENDPOINT: `${prometheus.url}/api/v1/otlp`,
  });
  started.use(single.program);
}, 1_800_000);

afterAll(() => started.disposeAsync(), 120_000);

test("two machines, five restarts each: metrics add up to what the records say", {
  timeout: LIMIT_MS,
}, async () => {
  await Promise.all(
    machines.map(async (seeds, machine) => {
      const audit = path.join(folder.path, `audit-${machine}`);
      for (const seed of seeds) await runDay({ url: single.url, audit, seed, sessions: SESSIONS });
    }),
  );
  const turns = machines.flat().flatMap((seed) => planDay(seed, SESSIONS));
  const paid = sumOf(turns, "nanoUsd");

  const recorded = await waitFor("all ends of turns in the server", LIMIT_MS, async () => {
    const costs = await costsOfRecords();
    return costs.length >= turns.length && costs;
  });
  expect(recorded.length).toBe(turns.length);
  expect(recorded.reduce((sum, usd) => sum + Math.round(usd * 1e9), 0)).toBe(paid);

  const last = "sum(max_over_time(turnspan_cost_total[1h]))";
  const shown = await waitFor("the last points", LIMIT_MS, async () => {
    const usd = await prometheus.value(last);
    return Math.round(usd * 1e9) >= paid && usd;
  });
  expect(Math.round(shown * 1e9)).toBe(paid);
  // A series a process and no fewer: each has an instance of its own.
  expect(await prometheus.value("count(count by (instance) (turnspan_cost_total))")).toBe(10);
  // What panels show. `increase` extrapolates, and is far off for processes that live for seconds.
  const turnsShown = growth("turnspan_turn_count_total").replaceAll("$__range", "1h");
  expect(await prometheus.value(turnsShown)).toBe(turns.length);
  const increase = await prometheus.value("sum(increase(turnspan_turn_count_total[1h]))");
  console.log(`increase says ${increase} of ${turns.length} turns`);
});

async function costsOfRecords(): Promise<readonly number[]> {
  const { records } = await server.ask<{
    readonly records: readonly { readonly attributes: readonly (readonly [string, unknown])[] }[];
  }>("/api/records?event=turnspan.turn.end&limit=1000");
  return records.map(({ attributes }) => {
    const [, cost] = attributes.find(([key]) => key === "turnspan.turn.cost.usd") ?? [];
    return Number(cost ?? 0);
  });
}
