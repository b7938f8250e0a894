import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dashboardFiles } from "../../../dashboards/all.ts";
import { namesInQuery } from "../../dashboards/names.ts";
import { type DashboardJson, type Panel, panelsOf } from "../../dashboards/panels.ts";
import { runProcess } from "../../support/run-process.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { startCollector } from "./collectors.ts";
import { BUDGET, countRecords, type PlannedTurn, PROJECT, planDay, sumOf } from "./day-plan.ts";
import { waitFor } from "./processes.ts";
import { requireTool } from "./programs.ts";
import { runDay } from "./run-day.ts";
import { type Stores, startStores } from "./stores.ts";

const LIMIT_MS = 300_000;
const day = planDay();
const sessions = Map.groupBy(day, ({ sessionKey }) => sessionKey);
const folder = makeTemporaryFolder();
const started = new AsyncDisposableStack();
let stores: Stores;

beforeAll(async () => {
  started.use(folder);
  stores = await startStores(started, folder.path);
  const place = path.join(folder.path, "single-1");
  const single = await startCollector("single", place, stores.variables);
  started.use(single.program);
  const audit = path.join(folder.path, "audit");
  await runDay({ url: single.url, audit, seed: 1, sessions: sessions.size });
  for (const [metric, wanted] of [
    ["turnspan_spans_turns_total", day.length],
    ["turnspan_spans_records_total", countRecords(day)],
    ["otelcol_receiver_accepted_log_records_total", countRecords(day)],
  ] as const) {
    await waitFor(metric, LIMIT_MS, async () => {
      return (await stores.prometheus.value(`sum(${metric})`)) >= wanted;
    });
  }
}, 1_800_000);

afterAll(() => started.disposeAsync(), 120_000);

const dashboards = [...dashboardFiles()].map(([name, text]) => ({
  name: name.replace(/\.json$/, ""),
  panels: panelsOf(JSON.parse(text) as DashboardJson),
}));
const allPanels = dashboards.flatMap(({ panels }) => panels);
const VARIABLES: Readonly<Record<string, string>> = {
  ...{ $__rate_interval: "1m", $__range: "1h", $service: ".*", $agent: ".*" },
};
/** Its queries, as Grafana would send them. */
const queriesOf = ({ targets }: Panel): readonly string[] =>
  targets.flatMap(({ expr = "" }) => {
    const filled = Object.entries(VARIABLES).reduce(
      (text, [name, value]) => text.replaceAll(name, value),
      expr,
    );
    return filled === "" ? [] : [filled];
  });
const findPanel = (dashboard: string, title: string): Panel => {
  const { panels = [] } = dashboards.find(({ name }) => name === dashboard) ?? {};
  const panel = panels.find((one) => one.title === title);
  if (panel === undefined) throw new Error(`no panel ${title} in ${dashboard}`);
  return panel;
};

const count = (is: (turn: PlannedTurn) => boolean): number => day.filter(is).length;
const withOutcome = (outcome: PlannedTurn["outcome"]): number =>
  count((turn) => turn.outcome === outcome);
const usd = (turns: readonly PlannedTurn[]): number => sumOf(turns, "nanoUsd") / 1e9;
const ran = day.filter(({ outcome }) => outcome !== "blocked");

/** What each panel that shows one number must show. */
const HEADLINES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "turnspan-turns": {
    Turns: day.length,
    "Failed turns": withOutcome("failed"),
    "Failed ratio": withOutcome("failed") / (withOutcome("completed") + withOutcome("failed")),
    "Blocked turns": withOutcome("blocked"),
    "Cancelled turns": withOutcome("cancelled"),
  },
  "turnspan-cost": {
    Cost: usd(day),
    "Cost per turn": usd(day) / ran.length,
    "Input tokens": sumOf(day, "inputTokens"),
    "Output tokens": sumOf(day, "outputTokens"),
    "Cache share of input": sumOf(day, "cacheReadTokens") / sumOf(day, "inputTokens"),
    "Calls of unknown price": count(({ isUnpriced }) => isUnpriced),
  },
  "turnspan-settings": {
    "Settings changes": sessions.size,
    "Blocked turns": withOutcome("blocked"),
    "Hook failures": sessions.size,
  },
  "turnspan-sessions": {
    "Open now": 0,
    Ended: sessions.size,
    "Turns per ended session": day.length / sessions.size,
    "Subagents spawned": count(({ subagent }) => subagent !== undefined),
  },
  "turnspan-health": {
    "Lost in the runtimes": 1,
    "Records taken": countRecords(day),
    "Collectors heard of": 1,
  },
};

test("every panel of one number shows the day's own", async () => {
  for (const [dashboard, headlines] of Object.entries(HEADLINES)) {
    for (const [title, wanted] of Object.entries(headlines)) {
      const [query = ""] = queriesOf(findPanel(dashboard, title));
      expect(await stores.prometheus.value(query), `${dashboard}: ${title}`).toBeCloseTo(wanted, 9);
    }
  }
  const stats = allPanels.filter(({ type }) => type === "stat").map(({ title }) => title);
  const checked = Object.values(HEADLINES).flatMap((headlines) => Object.keys(headlines));
  expect(stats.toSorted()).toEqual([...checked, "Turn p95"].toSorted());
});

test("the 95th percentile lies in the bucket of the day's own", async () => {
  // A subagent runs as long as its turn, and is measured too.
  const seconds = ran
    .flatMap(({ durationMs, subagent }) => (subagent ? [durationMs, durationMs] : [durationMs]))
    .map((durationMs) => durationMs / 1000)
    .toSorted((a, b) => a - b);
  const p95 = seconds[Math.ceil(seconds.length * 0.95) - 1] ?? 0;
  expect(p95).toBeGreaterThan(25.6);
  const [query = ""] = queriesOf(findPanel("turnspan-turns", "Turn p95"));
  const shown = await stores.prometheus.value(query);
  expect(shown).toBeGreaterThan(25.6);
  expect(shown).toBeLessThanOrEqual(51.2);
});

const byAgent = (of: (turns: readonly PlannedTurn[]) => number) =>
  Object.fromEntries(
    [...Map.groupBy(day, ({ agent }) => agent)].map(([agent, turns]) => [agent, of(turns)]),
  );

/** What the series of a panel add up to, by one of their labels. */
const SPLITS: readonly {
  readonly title: string;
  readonly by: string;
  readonly wanted: Readonly<Record<string, number>>;
}[] = [
  { title: "Cost per day by agent", by: "gen_ai_agent_name", wanted: byAgent(usd) },
  { title: "Cost per day by project", by: "turnspan_project", wanted: { [PROJECT]: usd(day) } },
  {
    title: "Cost per hour by model",
    by: "gen_ai_response_model",
    wanted: Object.fromEntries(
      [...Map.groupBy(ran, ({ model }) => model)]
        .map(([model, turns]) => [model, usd(turns)] as const)
        .filter(([, cost]) => cost > 0),
    ),
  },
  {
    title: "Calls of unknown price by model",
    by: "gen_ai_response_model",
    wanted: { "unlisted-1": count(({ isUnpriced }) => isUnpriced) },
  },
  {
    title: "Budgets used",
    by: "gen_ai_agent_name",
    wanted: byAgent(
      (turns) =>
        turns.filter(({ outcome }) => outcome !== "blocked").length / BUDGET.turnsOfAnAgent,
    ),
  },
];

test("panels that split by agent, project or model give each its own", async () => {
  for (const { title, by, wanted } of SPLITS) {
    const [query = ""] = queriesOf(findPanel("turnspan-cost", title));
    const shown = await stores.prometheus.query(query);
    const found = Object.fromEntries(
      shown.map(({ metric, value }) => [metric[by] ?? "", Number(Number(value[1]).toFixed(9))]),
    );
    expect(found, title).toEqual(wanted);
  }
});

/** What the collector counts only once it happened. */
const NOTHING_REFUSED = /otelcol_(receiver_refused|exporter_enqueue_failed|exporter_send_failed)_/;
/** Without what makes a panel show 0 where there are no series. */
const bare = (query: string): string => query.replace(/ or vector\(0\)$/, "");
const queries = allPanels.flatMap((panel) =>
  queriesOf(panel)
    .filter((query) => !NOTHING_REFUSED.test(query))
    .map((query) => ({ title: panel.title, query: bare(query) })),
);

test("every query of every panel returns series", async () => {
  expect(queries.length).toBeGreaterThan(50);
  const empty: string[] = [];
  for (const { title, query } of queries) {
    if ((await stores.prometheus.countSeries(query)) === 0) empty.push(`${title}: ${query}`);
  }
  expect(empty).toEqual([]);
});

test("a panel of any metric that was renamed returns none", async () => {
  const unnoticed: string[] = [];
  for (const { title, query } of queries) {
    for (const metric of new Set(namesInQuery(query).metrics)) {
      const renamed = query.replaceAll(new RegExp(`\\b${metric}\\b`, "g"), `${metric}_2`);
      if ((await stores.prometheus.countSeries(renamed)) > 0) unnoticed.push(`${title}: ${metric}`);
    }
  }
  expect(unnoticed).toEqual([]);
});

test("every table's rows are made of the server's real answers", async () => {
  const jq = await requireTool("jq");
  const tables = allPanels.filter(({ type }) => type === "table");
  expect(tables.length).toBeGreaterThan(3);
  for (const { title, targets } of tables) {
    const [{ url = "", root_selector: rows = "", columns = [] } = {}] = targets;
    const range = url.replace("$__from", "0").replace("$__to", String(Date.now()));
    const answer = folder.write("answer.json", await stores.records.ask<object>(range));
    const ended = await runProcess(jq, ["-c", rows, answer]);
    expect(ended.stderr, title).toBe("");
    const first = JSON.parse(ended.stdout.split("\n")[0] || "{}") as object;
    expect(Object.keys(first), title).toEqual(columns.map(({ selector }) => selector));
    expect(Object.values(first)[0], title).toBeGreaterThan(Date.UTC(2026));
  }
});
