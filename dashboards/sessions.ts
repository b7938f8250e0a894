import { METRIC_SESSION_ACTIVE, METRIC_SESSION_DURATION } from "../src/semconv/metrics.ts";
import type { DashboardPlan } from "./dashboard.ts";
import { chart, FLAT_RECORDS, recordsTable, stat } from "./panels.ts";
import {
  AGENT,
  growth,
  metric,
  quantile,
  RECORDS_SOURCE,
  rate,
  recordsOf,
  SELECTED,
  selector,
  turnsOf,
} from "./queries.ts";

const open = selector(metric(METRIC_SESSION_ACTIVE), SELECTED);
const lengths = metric(METRIC_SESSION_DURATION);
const ended = selector(`${lengths}_count`, SELECTED);
const turns = turnsOf();
const subagents = recordsOf('=~"turnspan.subagent.+"');

const OPEN = "Source: turnspan.session.active of the runtimes.";
const LENGTHS = "Source: turnspan.session.duration of the runtimes.";

export const sessions: DashboardPlan = {
  uid: "turnspan-sessions",
  title: "Turnspan: sessions and subagents",
  description: "Sessions that are open, how long they last, and what they spawn.",
  panels: [
    stat({ title: "Open now", source: OPEN, expr: `sum(${open})`, unit: "short", decimals: 0 }),
    stat({
      title: "Ended",
      source: LENGTHS,
      expr: growth(ended),
      unit: "short",
      decimals: 0,
    }),
    stat({
      title: "Turns per ended session",
      source: `${LENGTHS} And turnspan.turn.count.`,
      expr: `${growth(turns)} / (${growth(ended)} > 0)`,
      unit: "short",
      decimals: 1,
    }),
    stat({
      title: "Subagents spawned",
      source: RECORDS_SOURCE,
      expr: `${growth(subagents.replace("subagent.+", "subagent.spawned"))} or vector(0)`,
      unit: "short",
      decimals: 0,
    }),
    chart({
      title: "Open sessions by agent",
      source: OPEN,
      unit: "short",
      series: [{ expr: `sum by (${AGENT}) (${open})`, legend: `{{${AGENT}}}` }],
    }),
    chart({
      title: "Session length",
      source: LENGTHS,
      unit: "s",
      series: [
        { expr: quantile(0.5, selector(`${lengths}_bucket`, SELECTED)), legend: "p50" },
        { expr: quantile(0.95, selector(`${lengths}_bucket`, SELECTED)), legend: "p95" },
      ],
    }),
    chart({
      title: "Subagents spawned, finished and killed",
      source: RECORDS_SOURCE,
      unit: "reqps",
      series: [
        { expr: rate(subagents, ["turnspan_record_event"]), legend: "{{turnspan_record_event}}" },
      ],
    }),
    chart({
      title: "Sessions ended by agent",
      source: LENGTHS,
      unit: "reqps",
      series: [{ expr: rate(ended, [AGENT]), legend: `{{${AGENT}}}` }],
    }),
    recordsTable({
      title: "Sessions that ended",
      source:
        "Source: session.end records in the server's store; the newest 1000 of the time shown.",
      path: "/api/records?event=session.end&limit=1000&from=$__from&to=$__to",
      rows: `${FLAT_RECORDS}
  | {time: .timeMs, session: ."session.id", reason: ."turnspan.session.end_reason",
     turns: ."turnspan.session.turns", cost: ."turnspan.session.cost.usd",
     seconds: (."turnspan.session.duration_ms" / 1000), trace: .traceId}`,
      columns: [
        ["time", "timestamp_epoch"],
        ["session", "string"],
        ["reason", "string", "end"],
        ["turns", "number"],
        ["cost", "number", "cost (USD)"],
        ["seconds", "number"],
        ["trace", "string"],
      ],
    }),
  ],
};
