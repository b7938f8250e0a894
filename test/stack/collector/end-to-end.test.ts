import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dashboardFiles } from "../../../dashboards/all.ts";
import { type DashboardJson, panelsOf } from "../../dashboards/panels.ts";
import { runProcess } from "../../support/run-process.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { type Collector, startCollector } from "./collectors.ts";
import { isAlwaysKept, type PlannedTurn, planDay, spansOf, sumOf } from "./day-plan.ts";
import { plantSpan } from "./planted.ts";
import { waitFor } from "./processes.ts";
import { requireTool } from "./programs.ts";
import { ask, type Prometheus, type Sample, startPrometheus } from "./prometheus.ts";
import { readAuditFile } from "./records.ts";
import { runDay } from "./run-day.ts";

const LIMIT_MS = 300_000;
const day = planDay();
const folder = makeTemporaryFolder();
const started = new AsyncDisposableStack();
let records: TestServer;
let traces: TestServer;
let prometheus: Prometheus;
let central: Collector;
let edge: Collector;
let kept: ReadonlyMap<string, number>;

beforeAll(async () => {
  started.use(folder);
  records = started.use(await startTestServer());
  // Any store of OTLP will do to see what is kept.
  traces = started.use(await startTestServer());
  prometheus = await startPrometheus(path.join(folder.path, "prometheus"));
  started.use(prometheus.program);
  central = await startCollector("central", path.join(folder.path, "central-1"), {
    RECORDS_ENDPOINT: records.server.otlpUrl,
    TRACES_ENDPOINT: traces.server.otlpUrl,
    METRICS_ENDPOINT: `${prometheus.url}/api/v1/otlp`,
  });
  started.use(central.program);
  edge = await startCollector("edge", path.join(folder.path, "edge-1"), {
    CENTRAL_ENDPOINT: central.grpc,
    CENTRAL_ENDPOINT_2: central.grpc,
  });
  started.use(edge.program);
  const audit = path.join(folder.path, "audit");
  await runDay({ url: edge.url, audit, seed: 1, sessions: 100 });
  kept = await waitForTraces();
}, 1_800_000);

afterAll(() => started.disposeAsync(), 120_000);

/** Spans of each trace that was kept, when all that must be there is. */
async function waitForTraces(): Promise<ReadonlyMap<string, number>> {
  let before = -1;
  return waitFor("traces to come to rest", LIMIT_MS, async () => {
    const found = new Map<string, number>();
    for (const { traceId } of day) {
      const response = await traces.get(`/api/traces/${traceId}`);
      if (response.status !== 200) continue;
      const { spans } = (await response.json()) as { readonly spans: readonly object[] };
      found.set(traceId, spans.length);
    }
    const isAll = day.filter(isAlwaysKept).every(({ traceId }) => found.has(traceId));
    const isSame = found.size === before;
    before = found.size;
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

test("every session's span is kept", async () => {
  const wanted = new Set(day.map(({ sessionKey }) => sessionKey));
  const { sessions } = await traces.ask<{
    readonly sessions: readonly { readonly sessionKey: string; readonly endReason: string }[];
  }>("/api/sessions?limit=200");
  // Only its own span tells of a session's end.
  const ended = sessions.filter(({ endReason }) => endReason === "done");
  expect(new Set(ended.map(({ sessionKey }) => sessionKey))).toEqual(wanted);
});

/** A session's start, patch and end, each turn's start and end, each decision of a guard. */
const RECORDS =
  3 * new Set(day.map(({ sessionKey }) => sessionKey)).size +
  2 * day.length +
  day.filter(({ outcome }) => outcome === "blocked").length;

test("every record is in the audit file and in the server once", async () => {
  const inFile = await waitFor("records in the audit file", LIMIT_MS, async () => {
    const times = readAuditFile(central.auditFolder);
    return times.size >= RECORDS && times;
  });
  expect(inFile.size).toBe(RECORDS);
  const count = await waitFor("records in the server", LIMIT_MS, async () => {
    const ids = await recordIds();
    return ids.size >= RECORDS && ids.size;
  });
  expect(count).toBe(RECORDS);
});

async function recordIds(): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (let cursor: string | null = ""; cursor !== null; ) {
    const more: string = cursor === "" ? "" : `&cursor=${cursor}`;
    const page: {
      readonly records: readonly { readonly id: string }[];
      nextCursor: string | null;
    } = await records.ask(`/api/records?limit=1000${more}`);
    for (const { id } of page.records) ids.add(id);
    cursor = page.nextCursor;
  }
  return ids;
}

const count = (outcome: PlannedTurn["outcome"]): number =>
  day.filter((turn) => turn.outcome === outcome).length;
const usd = (nanoUsd: number): number => Math.round(nanoUsd) / 1e9;
const nano = (value: number): number => Math.round(value * 1e9);

test("turns, cost and tokens in Prometheus are those of the day, from runtimes and from spans alike", async () => {
  await waitFor("the last points", LIMIT_MS, async () => {
    const turns = await prometheus.value("sum(turnspan_spans_turns_total)");
    return turns >= day.length;
  });
  for (const series of ["turnspan_turn_count_total", "turnspan_spans_turns_total"]) {
    const found = await prometheus.query(`sum by (turnspan_turn_outcome) (${series}) > 0`);
    expect(toObject(found, "turnspan_turn_outcome"), series).toEqual({
      ...{ completed: count("completed"), failed: count("failed") },
      ...{ blocked: count("blocked"), cancelled: count("cancelled") },
    });
  }
  const paid = sumOf(day, "nanoUsd");
  expect(nano(await prometheus.value("sum(turnspan_cost_total)"))).toBe(paid);
  expect(nano(await prometheus.value("sum(turnspan_spans_cost_total)"))).toBe(paid);
  for (const [type, field] of [
    ["input", "inputTokens"],
    ["output", "outputTokens"],
  ] as const) {
    const runtimes = `sum(gen_ai_client_token_usage_sum{gen_ai_token_type="${type}"})`;
    expect(await prometheus.value(runtimes)).toBe(sumOf(day, field));
    const spans = `sum(turnspan_spans_${type}_tokens_total)`;
    expect(await prometheus.value(spans)).toBe(sumOf(day, field));
  }
});

function toObject(samples: readonly Sample[], label: string): Readonly<Record<string, number>> {
  return Object.fromEntries(samples.map(({ metric, value }) => [metric[label], Number(value[1])]));
}

const dashboards = [...dashboardFiles().values()].map((text) => JSON.parse(text) as DashboardJson);
const VARIABLES: Readonly<Record<string, string>> = {
  ...{ $__rate_interval: "1m", $__range: "1h", $service: ".*", $agent: ".*" },
};
const fill = (expr: string): string =>
  Object.entries(VARIABLES).reduce((text, [name, value]) => text.replaceAll(name, value), expr);
const panelQuery = (title: string): string =>
  fill(dashboards.flatMap(panelsOf).find((panel) => panel.title === title)?.targets[0]?.expr ?? "");

test("headline panels show the day's own figures", async () => {
  const ran = day.filter(({ outcome }) => outcome !== "blocked");
  const judged = count("completed") + count("failed");
  const expected: Readonly<Record<string, number>> = {
    Turns: day.length,
    "Failed turns": count("failed"),
    "Failed ratio": count("failed") / judged,
    Cost: usd(sumOf(day, "nanoUsd")),
    "Cost per turn": usd(sumOf(day, "nanoUsd")) / ran.length,
    "Input tokens": sumOf(day, "inputTokens"),
    "Output tokens": sumOf(day, "outputTokens"),
    "Cache share of input": sumOf(day, "cacheReadTokens") / sumOf(day, "inputTokens"),
    Ended: new Set(day.map(({ sessionKey }) => sessionKey)).size,
  };
  for (const [title, value] of Object.entries(expected)) {
    expect(await prometheus.value(panelQuery(title)), title).toBeCloseTo(value, 9);
  }
  // Between the bounds of the bucket that the day's own p95 falls into.
  const durations = ran.map(({ durationMs }) => durationMs / 1000).toSorted((a, b) => a - b);
  const p95 = durations[Math.ceil(durations.length * 0.95) - 1] ?? 0;
  expect(p95).toBeGreaterThan(25.6);
  const shown = await prometheus.value(panelQuery("Turn p95"));
  expect(shown).toBeGreaterThan(25.6);
  expect(shown).toBeLessThanOrEqual(51.2);
});

/** What the day has none of: budgets, projects, hooks that wait, losses. */
const NOT_IN_THE_DAY = new Set([
  "Budgets used",
  "Cost per day by project",
  "Calls of unknown price by model",
  "Hook p95 by hook",
  "Subagents spawned, finished and killed",
]);

test("every other panel's query returns series, and one of a renamed metric does not", async () => {
  const empty: string[] = [];
  for (const panel of dashboards.flatMap(panelsOf)) {
    for (const { expr } of panel.targets) {
      if (expr === undefined || NOT_IN_THE_DAY.has(panel.title)) continue;
      if ((await rangeOf(fill(expr))) === 0) empty.push(`${panel.title}: ${fill(expr)}`);
    }
  }
  expect(empty).toEqual([]);
  const renamed = panelQuery("Turns").replaceAll("turnspan_turn_count", "turnspan_turns");
  expect(await rangeOf(renamed)).toBe(0);
});

async function rangeOf(query: string): Promise<number> {
  const now = Date.now() / 1000;
  const times = { start: String(now - 900), end: String(now), step: "15" };
  const series = await ask<readonly object[]>(`${prometheus.url}/api/v1/query_range`, {
    ...{ query, ...times },
  });
  return series.length;
}

test("every table's rows are made of the server's real answers", async () => {
  const jq = await requireTool("jq");
  const tables = dashboards.flatMap(panelsOf).filter(({ type }) => type === "table");
  expect(tables.length).toBeGreaterThan(3);
  for (const { title, targets } of tables) {
    const [{ url = "", root_selector: rows = "", columns = [] } = {}] = targets;
    const range = url.replace("$__from", "0").replace("$__to", String(Date.now()));
    const answer = folder.write("answer.json", await records.ask<object>(range));
    const ended = await runProcess(jq, ["-c", rows, answer]);
    expect(ended.stderr, title).toBe("");
    const first = JSON.parse(ended.stdout.split("\n")[0] || "{}") as object;
    expect(Object.keys(first), title).toEqual(columns.map(({ selector }) => selector));
    expect(Object.values(first)[0], title).toBeGreaterThan(Date.UTC(2026));
  }
});

test("every exemplar is of a trace that was kept", async () => {
  const now = Date.now() / 1000;
  const url = `${prometheus.url}/api/v1/query_exemplars?${new URLSearchParams({
    query: "turnspan_spans_kept_duration_seconds_bucket",
    ...{ start: String(now - 3600), end: String(now + 60) },
  })}`;
  const { data } = (await (await fetch(url)).json()) as {
    readonly data: readonly {
      readonly exemplars: readonly { readonly labels: { readonly trace_id: string } }[];
    }[];
  };
  const ids = data.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels.trace_id));
  expect(ids.length).toBeGreaterThan(0);
  expect(ids.filter((id) => !kept.has(id))).toEqual([]);
});

test("planted secrets are nowhere, and content is in no trace", async () => {
  const planted = plantSpan();
  const response = await fetch(`${edge.url}/v1/traces`, planted.request);
  expect(response.status).toBe(200);
  await waitFor("the planted trace", LIMIT_MS, async () => {
    const { status } = await traces.get(`/api/traces/${planted.traceId}`);
    return status === 200;
  });
  for (const place of [traces.folder, records.folder, central.folder]) {
    const text = readFolder(place);
    for (const secret of planted.secrets)
      expect(text.includes(secret), `${secret} in ${place}`).toBe(false);
  }
  const stored = readFolder(traces.folder);
  expect(stored.includes(planted.content)).toBe(false);
  // The control: what is no secret and no content is there.
  expect(stored.includes(planted.harmless)).toBe(true);
});

/** All files of a folder as one text, byte for byte. */
function readFolder(place: string): string {
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), "latin1"))
    .join("\n");
}
