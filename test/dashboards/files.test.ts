import { readdirSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { dashboardFiles } from "../../dashboards/all.ts";
import { readText, root } from "../collector/configs.ts";
import { labelNames, metricNames, namesInQuery } from "./names.ts";
import { type DashboardJson, panelsOf } from "./panels.ts";

const files = dashboardFiles();
const dashboards = [...files].map(([name, text]) => ({
  name,
  json: JSON.parse(text) as DashboardJson,
}));
const panels = dashboards.flatMap(({ name, json }) =>
  panelsOf(json).map((panel) => ({ ...panel, place: `${name}: ${panel.title}` })),
);

test("the committed files are those that the builder makes (node scripts/dashboard-files.ts)", () => {
  const committed = readdirSync(path.join(root, "dashboards/json"));
  expect(committed.toSorted()).toEqual([...files.keys()].toSorted());
  for (const [name, text] of files) expect(readText(`dashboards/json/${name}`), name).toBe(text);
});

test("every panel names its source, and takes its data source from a variable", () => {
  expect(panels.length).toBeGreaterThan(40);
  for (const { place, description, datasource, targets } of panels) {
    expect(description, place).toMatch(/^Source: /);
    for (const { uid } of [datasource, ...targets.map((target) => target.datasource)]) {
      expect(uid, place).toMatch(/^\$(metrics|records)$/);
    }
  }
});

test("panels of a dashboard have titles of their own and do not lie over each other", () => {
  for (const { name, json } of dashboards) {
    const cells = panelsOf(json).flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w, name).toBeLessThanOrEqual(24);
      return Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`);
    });
    expect(new Set(cells).size, name).toBe(cells.length);
    const titles = panelsOf(json).map(({ title }) => title);
    expect(new Set(titles).size, name).toBe(titles.length);
  }
});

test("every query names metrics and labels that there are", () => {
  const [metrics, labels] = [metricNames(), labelNames()];
  for (const { place, targets } of panels) {
    for (const { expr } of targets) {
      if (expr === undefined) continue;
      const named = namesInQuery(expr);
      expect(
        named.metrics.filter((name) => !metrics.has(name)),
        place,
      ).toEqual([]);
      expect(
        named.labels.filter((name) => !labels.has(name)),
        place,
      ).toEqual([]);
    }
  }
});

test("a query of a metric that was renamed is found", () => {
  const { metrics } = namesInQuery('sum(rate(turnspan_turns_total{job=~"a"}[5m]))');
  expect(metrics.filter((name) => !metricNames().has(name))).toEqual(["turnspan_turns_total"]);
});

test("points of traces are shown on the turns' duration", () => {
  const withExemplars = panels.filter(({ targets }) => targets.some(({ exemplar }) => exemplar));
  expect(withExemplars.map(({ title }) => title)).toEqual(["Duration"]);
});
