import {
  METRIC_CLIENT_OPERATION_DURATION,
  METRIC_EXECUTE_TOOL_DURATION,
  METRIC_INVOKE_AGENT_DURATION,
} from "../src/semconv/metrics.ts";
import { blockedTurns } from "./blocked-turns.ts";
import type { DashboardPlan } from "./dashboard.ts";
import { chart, FLAT_RECORDS, recordsTable, stat } from "./panels.ts";
import {
  AGENT,
  growth,
  metric,
  OUTCOME,
  quantile,
  rate,
  SELECTED,
  SELECTED_SERVICE,
  selector,
  TURNS_SOURCE,
  turnsOf,
} from "./queries.ts";

const AGENT_RUNS = metric(METRIC_INVOKE_AGENT_DURATION);
const MODEL_CALLS = metric(METRIC_CLIENT_OPERATION_DURATION);
const TOOL_CALLS = metric(METRIC_EXECUTE_TOOL_DURATION);

const all = turnsOf();
const failed = turnsOf('=~"failed|abandoned"');
/** Turns that a guard or the user stopped say nothing about the agent. */
const judged = turnsOf('=~"completed|failed|abandoned"');
const seconds = selector(`${AGENT_RUNS}_bucket`, SELECTED);
const ERROR_TYPE = "error_type";
const TOOL = "gen_ai_tool_name";
const REQUEST_MODEL = "gen_ai_request_model";

const DURATIONS = "Source: gen_ai.invoke_agent.duration of the runtimes; turns and subagents.";

export const turns: DashboardPlan = {
  uid: "turnspan-turns",
  title: "Turnspan: turns",
  description: "How many turns, how many fail, how long they take.",
  panels: [
    stat({ title: "Turns", source: TURNS_SOURCE, expr: growth(all), unit: "short", decimals: 0 }),
    stat({
      title: "Failed turns",
      source: TURNS_SOURCE,
      expr: growth(failed),
      unit: "short",
      decimals: 0,
    }),
    stat({
      title: "Failed ratio",
      source: `${TURNS_SOURCE} Of the turns that completed or failed.`,
      expr: `${growth(failed)} / (${growth(judged)} > 0)`,
      unit: "percentunit",
      decimals: 2,
    }),
    stat({
      title: "Turn p95",
      source: DURATIONS,
      expr: quantile(0.95, seconds, [], "$__range"),
      unit: "s",
    }),
    blockedTurns(),
    stat({
      title: "Cancelled turns",
      source: TURNS_SOURCE,
      expr: growth(turnsOf('="cancelled"')),
      unit: "short",
      decimals: 0,
    }),
    chart({
      title: "Turns by outcome",
      source: TURNS_SOURCE,
      unit: "reqps",
      series: [{ expr: rate(all, [OUTCOME]), legend: `{{${OUTCOME}}}` }],
    }),
    chart({
      title: "Failed ratio by agent",
      source: `${TURNS_SOURCE} Of the turns that completed or failed.`,
      unit: "percentunit",
      series: [
        {
          expr: `${rate(failed, [AGENT])} / (${rate(judged, [AGENT])} > 0)`,
          legend: `{{${AGENT}}}`,
        },
      ],
    }),
    chart({
      title: "Duration",
      source: `${DURATIONS} Points: traces that the collector kept.`,
      unit: "s",
      series: [
        { expr: quantile(0.5, seconds), legend: "p50" },
        { expr: quantile(0.95, seconds), legend: "p95" },
        {
          expr: quantile(
            0.95,
            selector(
              "turnspan_spans_kept_duration_seconds_bucket",
              SELECTED,
              'turnspan_kind=~"turn|subagent"',
            ),
          ),
          legend: "p95 of kept traces",
          exemplar: true,
        },
      ],
    }),
    chart({
      title: "p95 by agent",
      source: DURATIONS,
      unit: "s",
      series: [{ expr: quantile(0.95, seconds, [AGENT]), legend: `{{${AGENT}}}` }],
    }),
    chart({
      title: "p95 by model",
      source: DURATIONS,
      unit: "s",
      series: [{ expr: quantile(0.95, seconds, [REQUEST_MODEL]), legend: `{{${REQUEST_MODEL}}}` }],
    }),
    chart({
      title: "Errors by type",
      source: DURATIONS,
      unit: "reqps",
      series: [
        {
          expr: rate(selector(`${AGENT_RUNS}_count`, SELECTED, `${ERROR_TYPE}!=""`), [ERROR_TYPE]),
          legend: `{{${ERROR_TYPE}}}`,
        },
      ],
    }),
    chart({
      title: "Model call p95 by model",
      source: "Source: gen_ai.client.operation.duration of the runtimes.",
      unit: "s",
      series: [
        {
          expr: quantile(0.95, selector(`${MODEL_CALLS}_bucket`, SELECTED_SERVICE), [
            REQUEST_MODEL,
          ]),
          legend: `{{${REQUEST_MODEL}}}`,
        },
      ],
    }),
    chart({
      title: "Tool call p95 by tool",
      source: "Source: gen_ai.execute_tool.duration of the runtimes.",
      unit: "s",
      series: [
        {
          expr: quantile(0.95, selector(`${TOOL_CALLS}_bucket`, SELECTED), [TOOL]),
          legend: `{{${TOOL}}}`,
        },
      ],
    }),
    recordsTable({
      title: "Which turns failed",
      source:
        "Source: turnspan.turn.end records in the server's store. The newest 1000 ends of turns.",
      path: "/api/records?event=turnspan.turn.end&limit=1000&from=$__from&to=$__to",
      rows: `${FLAT_RECORDS}
  | select(."turnspan.turn.outcome" == "failed" or ."turnspan.turn.outcome" == "abandoned")
  | {time: .timeMs, agent: ."gen_ai.agent.id", error: ."error.type", message: ."turnspan.error.message",
     model: ."gen_ai.request.model", session: ."session.id", cost: ."turnspan.turn.cost.usd", trace: .traceId}`,
      columns: [
        ["time", "timestamp_epoch"],
        ["agent", "string"],
        ["error", "string"],
        ["message", "string"],
        ["model", "string"],
        ["session", "string"],
        ["cost", "number", "cost (USD)"],
        ["trace", "string"],
      ],
    }),
  ],
};
