import { METRIC_HOOK_DURATION, METRIC_TURN_COUNT } from "../src/semconv/metrics.ts";
import type { DashboardPlan } from "./dashboard.ts";
import { chart, recordsTable, stat } from "./panels.ts";
import {
  AGENT,
  each,
  growth,
  metric,
  OUTCOME,
  quantile,
  rate,
  SELECTED,
  SELECTED_SERVICE,
  selector,
} from "./queries.ts";

const RECORDS = "turnspan_spans_records_total";
const HOOK = "turnspan_hook_name";
const blocked = selector(metric(METRIC_TURN_COUNT), SELECTED, `${OUTCOME}="blocked"`);
const hooks = metric(METRIC_HOOK_DURATION);
const ofEvent = (event: string): string =>
  selector(RECORDS, SELECTED_SERVICE, `turnspan_record_event="${event}"`);

const COUNTED = "Source: records, counted by the collector.";
const STORED = "Source: records in the server's store; the newest 1000 of the time shown.";
const FLAT = "(.attributes | map({(.[0]): .[1]}) | add)";

export const settings: DashboardPlan = {
  uid: "turnspan-settings",
  title: "Turnspan: settings changes and guards",
  description: "Who changed what, and what guards stopped.",
  panels: [
    stat({
      title: "Settings changes",
      source: COUNTED,
      expr: growth(ofEvent("turnspan.session.patch")),
      unit: "short",
      decimals: 0,
    }),
    stat({
      title: "Blocked turns",
      source: "Source: turnspan.turn.count of the runtimes.",
      expr: growth(blocked),
      unit: "short",
      decimals: 0,
    }),
    stat({
      title: "Hook failures",
      source: COUNTED,
      expr: `${growth(ofEvent("turnspan.hook.failure"))} or vector(0)`,
      unit: "short",
      decimals: 0,
    }),
    chart({
      title: "Settings changes and decisions per hour",
      source: COUNTED,
      unit: "short",
      draw: "bars",
      step: "1h",
      series: [
        {
          expr: each(
            "1h",
            selector(
              RECORDS,
              SELECTED_SERVICE,
              'turnspan_record_event=~"turnspan.session.patch|turnspan.hook.*"',
            ),
            ["turnspan_record_event"],
          ),
          legend: "{{turnspan_record_event}}",
        },
      ],
    }),
    chart({
      title: "Blocked turns by agent",
      source: "Source: turnspan.turn.count of the runtimes.",
      unit: "reqps",
      series: [{ expr: rate(blocked, [AGENT]), legend: `{{${AGENT}}}` }],
    }),
    chart({
      title: "Hook p95 by hook",
      source: "Source: turnspan.hook.duration of the runtimes.",
      unit: "s",
      series: [
        {
          expr: quantile(0.95, selector(`${hooks}_bucket`, SELECTED_SERVICE), [HOOK]),
          legend: `{{${HOOK}}}`,
        },
      ],
    }),
    recordsTable({
      title: "Settings changes: who, what, when",
      source: STORED,
      path: "/api/records?event=turnspan.session.patch&limit=1000&from=$__from&to=$__to",
      rows: `.records[] | .timeMs as $time | .traceId as $trace | ${FLAT} as $a
  | $a["turnspan.patch.fields"][] as $field
  | {time: $time, actor: $a["turnspan.patch.actor.kind"], who: $a["turnspan.patch.actor.id"],
     evidence: $a["turnspan.patch.actor.evidence"], source: $a["turnspan.patch.source"], field: $field,
     before: ($a["turnspan.patch.\\($field).before"] // "" | tostring),
     after: ($a["turnspan.patch.\\($field).after"] // "" | tostring),
     session: $a["session.id"], trace: $trace}`,
      columns: [
        { selector: "time", text: "time", type: "timestamp_epoch" },
        { selector: "actor", text: "actor", type: "string" },
        { selector: "who", text: "who", type: "string" },
        { selector: "evidence", text: "evidence", type: "string" },
        { selector: "source", text: "source", type: "string" },
        { selector: "field", text: "field", type: "string" },
        { selector: "before", text: "before", type: "string" },
        { selector: "after", text: "after", type: "string" },
        { selector: "session", text: "session", type: "string" },
        { selector: "trace", text: "trace", type: "string" },
      ],
    }),
    recordsTable({
      title: "What guards decided",
      source: STORED,
      path: "/api/records?event=turnspan.hook.decision&limit=1000&from=$__from&to=$__to",
      rows: `.records[] | {timeMs, traceId} + ${FLAT}
  | {time: .timeMs, hook: ."turnspan.hook.name", entry: ."turnspan.hook.entry",
     decision: ."turnspan.hook.decision", reason: ."turnspan.hook.reason", session: ."session.id", trace: .traceId}`,
      columns: [
        { selector: "time", text: "time", type: "timestamp_epoch" },
        { selector: "hook", text: "hook", type: "string" },
        { selector: "entry", text: "entry", type: "string" },
        { selector: "decision", text: "decision", type: "string" },
        { selector: "reason", text: "reason", type: "string" },
        { selector: "session", text: "session", type: "string" },
        { selector: "trace", text: "trace", type: "string" },
      ],
    }),
  ],
};
