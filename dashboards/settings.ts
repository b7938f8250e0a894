import { METRIC_HOOK_DURATION } from "../src/semconv/metrics.ts";
import { blockedTurns } from "./blocked-turns.ts";
import type { DashboardPlan } from "./dashboard.ts";
import { chart, FLAT, FLAT_RECORDS, recordsTable, stat } from "./panels.ts";
import {
  AGENT,
  each,
  growth,
  metric,
  quantile,
  RECORDS_SOURCE,
  rate,
  recordsOf,
  SELECTED_SERVICE,
  selector,
  TURNS_SOURCE,
  turnsOf,
} from "./queries.ts";

const HOOK = "turnspan_hook_name";
const hooks = metric(METRIC_HOOK_DURATION);
const ofEvent = (event: string): string => recordsOf(`="${event}"`);

const STORED = "Source: records in the server's store; the newest 1000 of the time shown.";

export const settings: DashboardPlan = {
  uid: "turnspan-settings",
  title: "Turnspan: settings changes and guards",
  description: "Who changed what, and what guards stopped.",
  panels: [
    stat({
      title: "Settings changes",
      source: RECORDS_SOURCE,
      expr: growth(ofEvent("turnspan.session.patch")),
      unit: "short",
      decimals: 0,
    }),
    blockedTurns(),
    stat({
      title: "Hook failures",
      source: RECORDS_SOURCE,
      expr: `${growth(ofEvent("turnspan.hook.failure"))} or vector(0)`,
      unit: "short",
      decimals: 0,
    }),
    chart({
      title: "Settings changes and decisions per hour",
      source: RECORDS_SOURCE,
      unit: "short",
      draw: "bars",
      step: "1h",
      series: [
        {
          expr: each("1h", recordsOf('=~"turnspan.session.patch|turnspan.hook.*"'), [
            "turnspan_record_event",
          ]),
          legend: "{{turnspan_record_event}}",
        },
      ],
    }),
    chart({
      title: "Blocked turns by agent",
      source: TURNS_SOURCE,
      unit: "reqps",
      series: [{ expr: rate(turnsOf('="blocked"'), [AGENT]), legend: `{{${AGENT}}}` }],
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
        ["time", "timestamp_epoch"],
        ["actor", "string"],
        ["who", "string"],
        ["evidence", "string"],
        ["source", "string"],
        ["field", "string"],
        ["before", "string"],
        ["after", "string"],
        ["session", "string"],
        ["trace", "string"],
      ],
    }),
    recordsTable({
      title: "What guards decided",
      source: STORED,
      path: "/api/records?event=turnspan.hook.decision&limit=1000&from=$__from&to=$__to",
      rows: `${FLAT_RECORDS}
  | {time: .timeMs, hook: ."turnspan.hook.name", entry: ."turnspan.hook.entry",
     decision: ."turnspan.hook.decision", reason: ."turnspan.hook.reason", session: ."session.id", trace: .traceId}`,
      columns: [
        ["time", "timestamp_epoch"],
        ["hook", "string"],
        ["entry", "string"],
        ["decision", "string"],
        ["reason", "string"],
        ["session", "string"],
        ["trace", "string"],
      ],
    }),
  ],
};
