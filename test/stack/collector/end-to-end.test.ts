import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { playRecordedSession } from "../../../scripts/demo/recorded-session.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { type Collector, startCollector } from "./collectors.ts";
import {
  countRecords,
  isAlwaysKept,
  type PlannedTurn,
  planDay,
  spansOf,
  sumOf,
} from "./day-plan.ts";
import { tagOf } from "./jaeger.ts";
import { plant } from "./planted.ts";
import { waitFor } from "./processes.ts";
import type { Sample } from "./prometheus.ts";
import { idsOf, readAuditFile, recordsOf, type StoredRecord } from "./records.ts";
import { runDay } from "./run-day.ts";
import { findInFolder } from "./search-folder.ts";
import { type Stores, startStores } from "./stores.ts";

const LIMIT_MS = 300_000;
const day = planDay();
const sessionKeys = new Set(day.map(({ sessionKey }) => sessionKey));
const folder = makeTemporaryFolder();
const started = new AsyncDisposableStack();
/** What the recorded session is without collectors: all of it. */
let direct: TestServer;
let stores: Stores;
let centrals: readonly Collector[];
let edge: Collector;
/** Spans of each of the day's traces that was kept. */
let kept: ReadonlyMap<string, number>;

beforeAll(async () => {
  started.use(folder);
  direct = started.use(await startTestServer());
  stores = await startStores(started, folder.path);
  const central = async (name: string) => {
    const collector = await startCollector(
      "central",
      path.join(folder.path, name),
      stores.variables,
    );
    started.use(collector.program);
    return collector;
  };
  centrals = [await central("central-1"), await central("central-2")];
  const [first, second] = centrals;
  edge = await startCollector("edge", path.join(folder.path, "edge-1"), {
    CENTRAL_ENDPOINT: first?.grpc ?? "",
    CENTRAL_ENDPOINT_2: second?.grpc ?? "",
  });
  started.use(edge.program);
  const now = Date.now();
  await playRecordedSession(direct.server.otlpUrl, now);
  await playRecordedSession(edge.url, now);
  const audit = path.join(folder.path, "audit");
  await runDay({ url: edge.url, audit, seed: 1, sessions: sessionKeys.size });
  kept = await waitForTraces();
}, 1_800_000);

afterAll(() => started.disposeAsync(), 120_000);

/** Waits until all is there that must be, and nothing more comes. */
async function waitForTraces(): Promise<ReadonlyMap<string, number>> {
  let before = -1;
  return waitFor("traces to come to rest", LIMIT_MS, async () => {
    const found = new Map<string, number>();
    for (const { traceId } of day) {
      const spans = await stores.jaeger.findTrace(traceId);
      if (spans !== undefined) found.set(traceId, spans.length);
    }
    const isAll = day.filter(isAlwaysKept).every(({ traceId }) => found.has(traceId));
    const spans = [...found.values()].reduce((sum, count) => sum + count, 0);
    const isSame = spans === before;
    before = spans;
    return isAll && isSame && found;
  });
}

test("failed, blocked, costly and slow turns are kept whole", () => {
  const must = day.filter(isAlwaysKept);
  expect(must.length).toBeGreaterThan(100);
  const whole = (turns: readonly PlannedTurn[]) =>
    turns.map((turn) => [turn.traceId, spansOf(turn)]);
  expect(must.map(({ traceId }) => [traceId, kept.get(traceId)])).toEqual(whole(must));
  const others = day.filter((turn) => !isAlwaysKept(turn) && kept.has(turn.traceId));
  expect(others.map(({ traceId }) => [traceId, kept.get(traceId)])).toEqual(whole(others));
});

test("of the others a tenth is kept, as far as chance allows", () => {
  const others = day.filter((turn) => !isAlwaysKept(turn));
  const count = others.filter(({ traceId }) => kept.has(traceId)).length;
  const [mean, deviation] = [others.length * 0.1, Math.sqrt(others.length * 0.1 * 0.9)];
  console.log(`kept by chance: ${count} of ${others.length}`);
  // 99.9 % of a binomial distribution lies within 3.29 deviations.
  expect(Math.abs(count - mean)).toBeLessThan(3.29 * deviation);
});

test("both central collectors have a part in it", async () => {
  const sent = await waitFor("both to tell of themselves", LIMIT_MS, async () => {
    const metric = 'otelcol_exporter_sent_spans_total{exporter="otlp_http/traces"}';
    const samples = await stores.prometheus.query(`sum by (instance) (${metric})`);
    return samples.length === 2 && toObject(samples, "instance");
  });
  console.log(`spans kept by each: ${JSON.stringify(sent)}`);
  expect(Object.keys(sent).toSorted()).toEqual(["central-1", "central-2"]);
  expect(Math.min(...Object.values(sent))).toBeGreaterThan(100);
});

test("every session's span is kept, and Jaeger finds a session's turns by its id", async () => {
  const traces = await stores.jaeger.search({
    service: "day",
    tags: { "turnspan.kind": "session" },
  });
  const keys = traces
    .flatMap(({ spans }) => spans)
    .filter((span) => tagOf(span, "turnspan.kind") === "session")
    .map((span) => tagOf(span, "turnspan.session.key"));
  expect(keys.toSorted()).toEqual([...sessionKeys].toSorted());
  for (const [sessionKey, turns] of Map.groupBy(day, (turn) => turn.sessionKey)) {
    const tags = { "session.id": `${sessionKey}-id`, "turnspan.kind": "turn" };
    const found = await stores.jaeger.search({ service: "day", tags });
    const wanted = turns.filter(({ traceId }) => kept.has(traceId));
    expect(found.map(({ traceID }) => traceID).toSorted(), sessionKey).toEqual(
      wanted.map(({ traceId }) => traceId).toSorted(),
    );
  }
});

test("the search that alerts on failed turns lead to finds each of an agent's", async () => {
  for (const [agent, turns] of Map.groupBy(day, (turn) => turn.agent)) {
    const tags = { "turnspan.turn.outcome": "failed", "gen_ai.agent.name": agent };
    const found = await stores.jaeger.search({ service: "day", tags });
    const failed = turns.filter(({ outcome }) => outcome === "failed");
    expect(found.map(({ traceID }) => traceID).toSorted(), agent).toEqual(
      failed.map(({ traceId }) => traceId).toSorted(),
    );
  }
});

test("every record is in the audit file and in the server once, those of the recorded session too", async () => {
  const recorded = idsOf(await recordsOf(direct));
  expect(recorded.size).toBeGreaterThan(10);
  const wanted = countRecords(day);
  const inFile = await waitFor(
    `${wanted} records of the day in the audit file`,
    LIMIT_MS,
    async () => {
      // Records go to the first central collector: it is traces that are balanced.
      const ids = new Set(readAuditFile(centrals[0]?.auditFolder ?? "").keys());
      return ids.difference(recorded).size >= wanted && ids;
    },
  );
  expect(inFile.difference(recorded).size).toBe(wanted);
  expect(recorded.difference(inFile)).toEqual(new Set());
  const inServer = await waitFor(`${inFile.size} records in the server`, LIMIT_MS, async () => {
    const ids = idsOf(await recordsOf(stores.records));
    return ids.size >= inFile.size && ids;
  });
  expect(inServer).toEqual(inFile);
});

test("of the recorded session its span and its failed turns are kept whole, and what was said is in no trace", async () => {
  const ends = [
    ...(await recordsOf(direct, "session.end")),
    ...(await recordsOf(direct, "turnspan.turn.end")).filter(isFailed),
  ];
  console.log(`sessions and failed turns of the recorded session: ${ends.length}`);
  expect(ends.some(isFailed)).toBe(true);
  for (const { traceId } of ends) {
    const whole = await direct.ask<{ readonly spans: readonly object[] }>(`/api/traces/${traceId}`);
    const spans = await stores.jaeger.waitForTrace(traceId, whole.spans.length);
    expect(spans.length, traceId).toBe(whole.spans.length);
  }
  const content = "gen_ai.output.messages";
  const traces = await stores.jaeger.search({ service: "openclaw" });
  expect(JSON.stringify(traces)).not.toContain(content);
  expect(findInFolder(stores.jaeger.folder, [content])).toEqual(new Set());
  // The control: without collectors it is there.
  expect(findInFolder(direct.folder, [content])).toEqual(new Set([content]));
});

const isFailed = ({ attributes }: StoredRecord): boolean =>
  /failed|abandoned/.test(String(new Map(attributes).get("turnspan.turn.outcome")));

const count = (outcome: PlannedTurn["outcome"]): number =>
  day.filter((turn) => turn.outcome === outcome).length;
const nano = (value: number): number => Math.round(value * 1e9);

test("turns, cost and tokens in Prometheus are those of the day, from runtimes and from spans alike", async () => {
  const { prometheus } = stores;
  await waitFor("the last points", LIMIT_MS, async () => {
    const turns = await prometheus.value('sum(turnspan_spans_turns_total{job="day"})');
    return turns >= day.length;
  });
  for (const series of ["turnspan_turn_count_total", "turnspan_spans_turns_total"]) {
    const found = await prometheus.query(
      `sum by (turnspan_turn_outcome) (${series}{job="day"}) > 0`,
    );
    expect(toObject(found, "turnspan_turn_outcome"), series).toEqual({
      ...{ completed: count("completed"), failed: count("failed") },
      ...{ blocked: count("blocked"), cancelled: count("cancelled") },
    });
  }
  const paid = sumOf(day, "nanoUsd");
  expect(nano(await prometheus.value('sum(turnspan_cost_total{job="day"})'))).toBe(paid);
  expect(nano(await prometheus.value('sum(turnspan_spans_cost_total{job="day"})'))).toBe(paid);
  for (const [type, field] of [
    ["input", "inputTokens"],
    ["output", "outputTokens"],
  ] as const) {
    const runtimes = `sum(gen_ai_client_token_usage_sum{gen_ai_token_type="${type}", job="day"})`;
    expect(await prometheus.value(runtimes)).toBe(sumOf(day, field));
    const spans = `sum(turnspan_spans_${type}_tokens_total{job="day"})`;
    expect(await prometheus.value(spans)).toBe(sumOf(day, field));
  }
});

function toObject(samples: readonly Sample[], label: string): Readonly<Record<string, number>> {
  return Object.fromEntries(samples.map(({ metric, value }) => [metric[label], Number(value[1])]));
}

test("every exemplar in Prometheus opens in Jaeger", async () => {
  const metric = "turnspan_spans_kept_duration_seconds_bucket";
  const ids = await stores.prometheus.exemplarTraces(metric);
  expect(ids.length).toBeGreaterThan(0);
  for (const id of ids) expect(await stores.jaeger.findTrace(id), id).toBeDefined();
  // The control: Jaeger does not know just any trace.
  expect(await stores.jaeger.findTrace("0123456789abcdef0123456789abcdef")).toBeUndefined();
});

test("planted secrets are nowhere, and content is in no trace", async () => {
  const planted = plant();
  for (const signal of ["traces", "logs"] as const) {
    expect((await fetch(`${edge.url}/v1/${signal}`, planted[signal])).status).toBe(200);
  }
  await waitFor("the planted record", LIMIT_MS, async () =>
    idsOf(await recordsOf(stores.records, "turnspan.message.received")).has(planted.recordId),
  );
  const trace = await stores.jaeger.waitForTrace(planted.traceId, 1);
  const hidden = [...planted.secrets, planted.content];
  const text = JSON.stringify(trace);
  expect(hidden.filter((one) => text.includes(one))).toEqual([]);
  expect(text).toContain(planted.harmless);
  for (const { folder: place } of [stores.jaeger, stores.records, ...centrals]) {
    expect(findInFolder(place, hidden), place).toEqual(new Set());
  }
  // Content is taken out behind the edge; secrets are not even in its queue.
  expect(findInFolder(edge.folder, planted.secrets)).toEqual(new Set());
  // The control: what is no secret and no content is there.
  for (const { folder: place } of [stores.jaeger, stores.records, ...centrals.slice(0, 1)]) {
    expect(findInFolder(place, [planted.harmless]), place).toEqual(new Set([planted.harmless]));
  }
});
