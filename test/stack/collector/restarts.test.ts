import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { growth } from "../../../dashboards/queries.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { type Collector, startCollector } from "./collectors.ts";
import { planDay, sumOf } from "./day-plan.ts";
import { waitFor } from "./processes.ts";
import { recordsOf } from "./records.ts";
import { type DayRun, runDay } from "./run-day.ts";
import { type Stores, startStores } from "./stores.ts";

const LIMIT_MS = 600_000;
const SESSIONS = 2;
/** Days of two machines: five processes each, one after the other, all with agents of equal names. */
const machines = [
  [1, 2, 3, 4, 5],
  [6, 7, 8, 9, 10],
] as const;

const folder = makeTemporaryFolder();
const started = new AsyncDisposableStack();
let stores: Stores;
let single: Collector;

beforeAll(async () => {
  started.use(folder);
  stores = await startStores(started, folder.path);
  const place = path.join(folder.path, "single-1");
  single = await startCollector("single", place, stores.variables);
  started.use(single.program);
}, 1_800_000);

afterAll(() => started.disposeAsync(), 120_000);

/** Plays the days of both machines, and gives their turns. */
async function playMachines(run: Pick<DayRun, "lingerMs" | "intervalMs" | "project">) {
  await Promise.all(
    machines.map(async (seeds, machine) => {
      const audit = path.join(folder.path, `audit-${run.project}-${machine}`);
      for (const seed of seeds) {
        await runDay({ url: single.url, audit, seed, sessions: SESSIONS, ...run });
      }
    }),
  );
  return machines.flat().flatMap((seed) => planDay(seed, SESSIONS));
}

const nano = (usd: number): number => Math.round(usd * 1e9);

test("two machines, five restarts each: metrics add up to what the records say", {
  timeout: LIMIT_MS,
}, async () => {
  const { prometheus } = stores;
  // Each process lives for eighty points: over an hour, at the usual one a minute.
  const turns = await playMachines({ project: "long", lingerMs: 16_000, intervalMs: 200 });
  const paid = sumOf(turns, "nanoUsd");
  const recorded = await waitFor("all ends of turns in the server", LIMIT_MS, async () => {
    const costs = await costsOfRecords();
    return costs.length >= turns.length && costs;
  });
  expect(recorded.length).toBe(turns.length);
  expect(recorded.reduce((sum, usd) => sum + nano(usd), 0)).toBe(paid);

  const cost = 'turnspan_cost_total{turnspan_project="long"}';
  const last = await waitFor("the last points", LIMIT_MS, async () => {
    const usd = await prometheus.value(`sum(max_over_time(${cost}[1h]))`);
    return nano(usd) >= paid && usd;
  });
  expect(nano(last)).toBe(paid);
  // A series a process and no fewer: each has an instance of its own.
  expect(await prometheus.value(`count(count by (instance) (${cost}))`)).toBe(10);
  const increase = await prometheus.value(`sum(increase(${cost}[1h]))`);
  console.log(`processes of eighty points: increase says ${(increase * 1e9) / paid} of the cost`);
  expect(Math.abs((increase * 1e9) / paid - 1)).toBeLessThan(0.01);
});

test("processes of a second: what panels show is exact, where `increase` is not", {
  timeout: LIMIT_MS,
}, async () => {
  const { prometheus } = stores;
  const turns = await playMachines({ project: "short" });
  const paid = sumOf(turns, "nanoUsd");
  const shown = growth('turnspan_cost_total{turnspan_project="short"}').replaceAll(
    "$__range",
    "1h",
  );
  const usd = await waitFor("the last points", LIMIT_MS, async () => {
    const value = await prometheus.value(shown);
    return nano(value) >= paid && value;
  });
  expect(nano(usd)).toBe(paid);
  const counted = growth('turnspan_turn_count_total{turnspan_project="short"}');
  expect(await prometheus.value(counted.replaceAll("$__range", "1h"))).toBe(turns.length);
  for (const metric of ["turnspan_turn_count_total", "turnspan_cost_total"]) {
    const series = `${metric}{turnspan_project="short"}`;
    const part = `sum(increase(${series}[1h])) / sum(max_over_time(${series}[1h]))`;
    console.log(
      `processes of a second: increase says ${await prometheus.value(part)} of ${metric}`,
    );
  }
});

async function costsOfRecords(): Promise<readonly number[]> {
  const ends = await recordsOf(stores.records, "turnspan.turn.end");
  return ends.map(({ attributes }) =>
    Number(new Map(attributes).get("turnspan.turn.cost.usd") ?? 0),
  );
}
