import { expect, test } from "vitest";
import { dashboardFiles } from "../../dashboards/all.ts";
import { readText, readYaml } from "../collector/configs.ts";
import { labelNames, metricNames, namesInQuery } from "./names.ts";

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: { readonly severity: string };
  readonly annotations?: Readonly<Record<"summary" | "runbook" | "link", string>>;
}

interface Proof {
  readonly promql_expr_test: readonly {
    readonly expr: string;
    readonly exp_samples: readonly object[];
  }[];
}

const { groups } = readYaml("dashboards/alerts/turnspan.rules.yml") as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const alerts = rules.filter(({ alert }) => alert !== undefined);
const cases = ["turnspan.rules.test.yml", "turnspan.long-rules.test.yml"].flatMap((file) => {
  const { tests } = readYaml(`dashboards/alerts/${file}`) as { readonly tests: readonly Proof[] };
  return tests.flatMap(({ promql_expr_test: checks }) => checks);
});

test("every alert has a severity, a summary, a link, and a runbook with a part about it", () => {
  expect(alerts.length).toBeGreaterThan(10);
  for (const { alert = "", labels, annotations } of alerts) {
    expect(labels?.severity, alert).toMatch(/^(page|ticket)$/);
    expect(annotations?.summary, alert).toContain(" ");
    expect(readText(annotations?.runbook ?? ""), alert).toContain(`## ${alert}\n`);
    expect(annotations?.link, alert).toMatch(/^\{\{ \$externalLabels\.(jaeger|grafana)_url \}\}\//);
  }
});

test("a link to a dashboard leads to one that there is", () => {
  for (const { alert, annotations } of alerts) {
    const [, uid] = /\/d\/([\w-]+)/.exec(annotations?.link ?? "") ?? [];
    if (uid !== undefined) expect([...dashboardFiles().keys()], alert).toContain(`${uid}.json`);
  }
});

test("every query names metrics and labels that there are", () => {
  const [metrics, labels] = [metricNames(), labelNames()];
  const recorded = rules.flatMap(({ record }) => record ?? []);
  for (const { alert, record, expr } of rules) {
    const own = recorded.reduce((text, name) => text.replaceAll(name, "recorded"), expr);
    const named = namesInQuery(own);
    expect(
      named.metrics.filter((name) => !metrics.has(name)),
      alert ?? record,
    ).toEqual([]);
    expect(
      named.labels.filter((name) => !labels.has(name)),
      alert ?? record,
    ).toEqual([]);
  }
});

test("every alert has a case in which it fires, and one in which it does not", () => {
  for (const { alert } of alerts) {
    const fires = cases
      .filter(({ expr }) => expr.includes(`"${alert}"`))
      .map(({ exp_samples }) => exp_samples.length > 0);
    expect(new Set(fires), alert).toEqual(new Set([true, false]));
  }
});

test("Alertmanager names each alert that it holds back", () => {
  const names = alerts.map(({ alert }) => alert ?? "");
  const matchers = [
    ...readText("dashboards/alerts/alertmanager.yml").matchAll(/alertname=~?"([^"]+)"/g),
  ];
  expect(matchers.length).toBeGreaterThan(2);
  for (const [, pattern = ""] of matchers) {
    expect(
      names.some((name) => new RegExp(`^(?:${pattern})$`).test(name)),
      pattern,
    ).toBe(true);
  }
});
