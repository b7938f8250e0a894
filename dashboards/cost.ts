import {
  METRIC_BUDGET_LIMIT,
  METRIC_BUDGET_USED,
  METRIC_CLIENT_TOKEN_USAGE,
  METRIC_COST,
  METRIC_COST_UNKNOWN,
} from "../src/semconv/metrics.ts";
import type { DashboardPlan } from "./dashboard.ts";
import { chart, stat } from "./panels.ts";
import {
  AGENT,
  each,
  growth,
  MODEL,
  metric,
  PROJECT,
  SELECTED,
  SELECTED_SERVICE,
  selector,
  turnsOf,
} from "./queries.ts";

const cost = selector(metric(METRIC_COST), SELECTED);
const unknown = selector(metric(METRIC_COST_UNKNOWN), SELECTED);
const turns = turnsOf('!="blocked"');
const tokens = selector(`${metric(METRIC_CLIENT_TOKEN_USAGE)}_sum`, SELECTED_SERVICE);
const limit = selector(metric(METRIC_BUDGET_LIMIT), SELECTED_SERVICE);
const used = selector(metric(METRIC_BUDGET_USED), SELECTED_SERVICE);
const cached = selector("turnspan_spans_cache_read_tokens_total", SELECTED_SERVICE);
const input = selector("turnspan_spans_input_tokens_total", SELECTED_SERVICE);
const BUDGET = ["turnspan_budget_name", "turnspan_budget_unit", AGENT];

const PRICES = "API list price, or the host's own figure; your plan may bill differently.";
const COST = `Source: turnspan.cost of the runtimes. ${PRICES}`;
const TOKENS = "Source: gen_ai.client.token.usage of the runtimes.";
const SPANS = "Source: spans of model calls, counted by the collector before sampling.";

export const costs: DashboardPlan = {
  uid: "turnspan-cost",
  title: "Turnspan: cost",
  description: "What sessions cost, by agent, model, project and day.",
  panels: [
    stat({ title: "Cost", source: COST, expr: growth(cost), unit: "currencyUSD" }),
    stat({
      title: "Cost per turn",
      source: `${COST} Blocked turns are not counted.`,
      expr: `${growth(cost)} / (${growth(turns)} > 0)`,
      unit: "currencyUSD",
      decimals: 4,
    }),
    stat({
      title: "Input tokens",
      source: TOKENS,
      expr: growth(withType(tokens, "input")),
      unit: "short",
    }),
    stat({
      title: "Output tokens",
      source: TOKENS,
      expr: growth(withType(tokens, "output")),
      unit: "short",
    }),
    stat({
      title: "Cache share of input",
      source: SPANS,
      expr: `${growth(cached)} / (${growth(input)} > 0)`,
      unit: "percentunit",
    }),
    stat({
      title: "Calls of unknown price",
      source: "Source: turnspan.cost.unknown_calls of the runtimes. They are in no cost figure.",
      expr: `${growth(unknown)} or vector(0)`,
      unit: "short",
      decimals: 0,
    }),
    chart({
      title: "Cost per day by agent",
      source: COST,
      unit: "currencyUSD",
      draw: "bars",
      step: "1d",
      series: [{ expr: each("1d", cost, [AGENT]), legend: `{{${AGENT}}}` }],
    }),
    chart({
      title: "Cost per hour by model",
      source: COST,
      unit: "currencyUSD",
      draw: "bars",
      step: "1h",
      series: [{ expr: each("1h", cost, [MODEL]), legend: `{{${MODEL}}}` }],
    }),
    chart({
      title: "Cost per day by project",
      source: `${COST} Only of runtimes whose resource attributes name a turnspan.project.`,
      unit: "currencyUSD",
      draw: "bars",
      step: "1d",
      series: [
        {
          expr: each("1d", selector(metric(METRIC_COST), SELECTED, `${PROJECT}!=""`), [PROJECT]),
          legend: `{{${PROJECT}}}`,
        },
      ],
    }),
    chart({
      title: "Cost per turn by agent",
      source: `${COST} Blocked turns are not counted.`,
      unit: "currencyUSD",
      series: [
        {
          expr: `${each("1h", cost, [AGENT])} / (${each("1h", turns, [AGENT])} > 0)`,
          legend: `{{${AGENT}}}`,
        },
      ],
    }),
    chart({
      title: "Budgets used",
      source: "Source: turnspan.budget.used and turnspan.budget.limit of the runtimes.",
      unit: "percentunit",
      series: [
        {
          // All processes of a machine tell of the same ledger.
          expr: `max by (${BUDGET.join(", ")}) (${used}) / (max by (${BUDGET.join(", ")}) (${limit}) > 0)`,
          legend: BUDGET.map((label) => `{{${label}}}`).join(" "),
        },
      ],
    }),
    chart({
      title: "Tokens per hour",
      source: TOKENS,
      unit: "short",
      draw: "bars",
      step: "1h",
      series: [
        { expr: each("1h", tokens, ["gen_ai_token_type"]), legend: "{{gen_ai_token_type}}" },
      ],
    }),
    chart({
      title: "Cost by spans and by runtimes",
      source: `${SPANS} And turnspan.cost of the runtimes: the two agree where all spans arrive.`,
      unit: "currencyUSD",
      step: "1h",
      series: [
        {
          expr: each("1h", selector("turnspan_spans_cost_total", SELECTED_SERVICE)),
          legend: "spans",
        },
        { expr: each("1h", cost), legend: "runtimes" },
      ],
    }),
    chart({
      title: "Calls of unknown price by model",
      source:
        "Source: turnspan.cost.unknown_calls of the runtimes. Add the price: turnspan prices add.",
      unit: "short",
      draw: "bars",
      step: "1h",
      series: [{ expr: each("1h", unknown, [MODEL]), legend: `{{${MODEL}}}` }],
    }),
  ],
};

function withType(series: string, type: "input" | "output"): string {
  return series.replace(/\}$/, `, gen_ai_token_type="${type}"}`);
}
