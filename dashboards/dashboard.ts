import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  type Dashboard,
  DashboardBuilder,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  VariableRefresh,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { METRIC_TURN_COUNT } from "../src/semconv/metrics.ts";
import { AGENT, metric } from "./queries.ts";

export interface DashboardPlan {
  /** Part of its address in Grafana; kept for good, since people link to it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly panels: readonly Builder<Panel>[];
}

/** Data sources are variables, so a dashboard can be imported into any Grafana. */
const DATA_SOURCES = {
  metrics: "prometheus",
  records: "yesoreyeram-infinity-datasource",
  jaeger: "jaeger",
  tempo: "tempo",
} as const;

const COLUMNS = 24;

export function buildDashboard({ uid, title, description, panels }: DashboardPlan): Dashboard {
  const dashboard = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(["turnspan"])
    .refresh("1m")
    .time({ from: "now-24h", to: "now" });
  for (const [name, type] of Object.entries(DATA_SOURCES)) {
    dashboard.withVariable(
      new DatasourceVariableBuilder(name).label(`Data source: ${name}`).type(type),
    );
  }
  const turns = metric(METRIC_TURN_COUNT);
  dashboard.withVariable(choice("service", `label_values(${turns}, job)`));
  dashboard.withVariable(choice("agent", `label_values(${turns}{job=~"$service"}, ${AGENT})`));
  return { ...dashboard.build(), panels: layOut(panels.map((panel) => panel.build())) };
}

/** From left to right in rows, each as high as its highest panel. */
function layOut(panels: readonly Panel[]): Panel[] {
  let [x, y, rowHeight] = [0, 0, 0];
  return panels.map((panel, index) => {
    const { w = 12, h = 8 } = panel.gridPos ?? {};
    if (x + w > COLUMNS) [x, y, rowHeight] = [0, y + rowHeight, 0];
    const placed = { ...panel, id: index + 1, gridPos: { x, y, w, h } };
    x += w;
    rowHeight = Math.max(rowHeight, h);
    return placed;
  });
}

function choice(name: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .datasource({ type: "prometheus", uid: "$metrics" })
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .current({ selected: true, text: "All", value: "$__all" })
    .multi(true)
    .includeAll(true)
    .allValue(".*");
}
