import { METRIC_SESSION_ACTIVE, METRIC_TELEMETRY_DROPPED } from "../src/semconv/metrics.ts";
import type { DashboardPlan } from "./dashboard.ts";
import { chart, stat } from "./panels.ts";
import { each, growth, metric, rate, SELECTED_SERVICE, selector } from "./queries.ts";

const dropped = selector(metric(METRIC_TELEMETRY_DROPPED), SELECTED_SERVICE);
const COLLECTOR = 'job="turnspan-collector"';
const ofCollector = (name: string): string => selector(name, COLLECTOR);

const COLLECTORS = "Source: the collectors' own metrics.";
const RUNTIMES = "Source: turnspan.telemetry.dropped of the runtimes.";

const LOSSES = ["receiver_refused", "exporter_enqueue_failed", "exporter_send_failed"].flatMap(
  (what) =>
    ["log_records", "spans", "metric_points"].map((items) => ({
      expr: `${rate(ofCollector(`otelcol_${what}_${items}_total`), ["instance"])} or vector(0)`,
      legend: `${what} ${items} {{instance}}`,
    })),
);

export const health: DashboardPlan = {
  uid: "turnspan-health",
  title: "Turnspan: telemetry health",
  description: "Whether what is shown elsewhere is all there is.",
  panels: [
    stat({
      title: "Lost in the runtimes",
      source: RUNTIMES,
      expr: `${growth(dropped)} or vector(0)`,
      unit: "short",
      decimals: 0,
    }),
    stat({
      title: "Records taken",
      source: COLLECTORS,
      expr: growth(ofCollector("otelcol_receiver_accepted_log_records_total")),
      unit: "short",
      decimals: 0,
    }),
    stat({
      title: "Collectors heard of",
      source: COLLECTORS,
      expr: `count(${ofCollector("otelcol_process_memory_rss_bytes")})`,
      unit: "short",
      decimals: 0,
    }),
    chart({
      title: "Queues: part in use",
      source: `${COLLECTORS} A full queue of records makes the senders wait.`,
      unit: "percentunit",
      series: [
        {
          expr: `max by (instance, exporter) (${ofCollector("otelcol_exporter_queue_size")} / ${ofCollector("otelcol_exporter_queue_capacity")})`,
          legend: "{{instance}} {{exporter}}",
        },
      ],
    }),
    chart({
      title: "Records, spans and points sent on",
      source: COLLECTORS,
      unit: "reqps",
      series: [
        {
          expr: rate(ofCollector("otelcol_exporter_sent_log_records_total"), ["exporter"]),
          legend: "records {{exporter}}",
        },
        {
          expr: rate(ofCollector("otelcol_exporter_sent_spans_total"), ["exporter"]),
          legend: "spans {{exporter}}",
        },
        {
          expr: rate(ofCollector("otelcol_exporter_sent_metric_points_total"), ["exporter"]),
          legend: "points {{exporter}}",
        },
      ],
    }),
    chart({
      title: "Refused and failed",
      source: `${COLLECTORS} Failed to be queued: that is a loss.`,
      unit: "reqps",
      series: LOSSES,
    }),
    chart({
      title: "Lost in the runtimes, by signal and reason",
      source: RUNTIMES,
      unit: "short",
      draw: "bars",
      step: "1h",
      series: [
        {
          expr: `${each("1h", dropped, ["turnspan_signal", "turnspan_reason"])} or vector(0)`,
          legend: "{{turnspan_signal}} {{turnspan_reason}}",
        },
      ],
    }),
    chart({
      title: "Seconds since a service was heard of",
      source: "Source: turnspan.session.active of the runtimes.",
      unit: "s",
      series: [
        {
          expr: `time() - max by (job) (timestamp(last_over_time(${selector(metric(METRIC_SESSION_ACTIVE), SELECTED_SERVICE)}[1h])))`,
          legend: "{{job}}",
        },
      ],
    }),
    chart({
      title: "Memory of the collectors",
      source: COLLECTORS,
      unit: "bytes",
      series: [{ expr: ofCollector("otelcol_process_memory_rss_bytes"), legend: "{{instance}}" }],
    }),
  ],
};
