import { METRIC_TURN_COUNT, type MetricName, metricTable } from "../src/semconv/metrics.ts";
import { prometheusName } from "../src/semconv/prometheus.ts";

/** A metric of the runtimes, as Prometheus names it. */
export const metric = (name: MetricName): string => prometheusName(name, metricTable[name]);

/** Labels, as Prometheus names the attributes. */
export const AGENT = "gen_ai_agent_name";
export const OUTCOME = "turnspan_turn_outcome";
export const MODEL = "gen_ai_response_model";
export const PROJECT = "turnspan_project";

/** What the two variables of every dashboard select. */
export const SELECTED = `job=~"$service", ${AGENT}=~"$agent"`;
/** For metrics that name no agent. */
export const SELECTED_SERVICE = 'job=~"$service"';

export const selector = (name: string, ...labels: readonly string[]): string =>
  `${name}{${labels.join(", ")}}`;

/** Turns of what is selected: all, or those of some outcomes. */
export const turnsOf = (outcomes = ""): string =>
  selector(metric(METRIC_TURN_COUNT), SELECTED, ...(outcomes === "" ? [] : [OUTCOME + outcomes]));
export const TURNS_SOURCE = "Source: turnspan.turn.count of the runtimes.";
/** Records that the collector counted, of one event or of several. */
export const recordsOf = (events: string): string =>
  selector("turnspan_spans_records_total", SELECTED_SERVICE, `turnspan_record_event${events}`);
export const RECORDS_SOURCE = "Source: records, counted by the collector.";

/**
 * How much counters grew, exactly: `increase` extrapolates, and money must not. Each process has series of its own,
 * so none of them is ever reset.
 */
function grown(window: "$__range" | "1h" | "1d", series: string, by: readonly string[]): string {
  const last = `max_over_time(${series}[${window}])`;
  return `${sum(by)}((${last} - ${series} offset ${window}) or ${last})`;
}

/** What counters grew by in the time shown. */
export const growth = (series: string, by: readonly string[] = []): string =>
  grown("$__range", series, by);

/** What counters grew by in each hour, or each day. */
export const each = (window: "1h" | "1d", series: string, by: readonly string[] = []): string =>
  grown(window, series, by);

export const rate = (series: string, by: readonly string[] = []): string =>
  `${sum(by)}(rate(${series}[$__rate_interval]))`;

/** A quantile of a histogram with buckets, of the time shown or of each interval. */
export function quantile(
  share: number,
  bucket: string,
  by: readonly string[] = [],
  window: "$__range" | "$__rate_interval" = "$__rate_interval",
): string {
  return `histogram_quantile(${share}, ${sum(["le", ...by])}(rate(${bucket}[${window}])))`;
}

const sum = (by: readonly string[]): string =>
  by.length === 0 ? "sum" : `sum by (${by.join(", ")}) `;
