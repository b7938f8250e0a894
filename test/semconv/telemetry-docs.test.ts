import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { telemetryDocs } from "../../scripts/telemetry-page.ts";
import { recordAttributeNames } from "../../src/lifecycle/record-attributes.ts";
import { attributeDescriptions } from "../../src/semconv/descriptions.ts";
import { metricTable } from "../../src/semconv/metrics.ts";
import { prometheusName } from "../../src/semconv/prometheus.ts";
import * as own from "../../src/semconv/turnspan.ts";

test("docs/telemetry.md is what the tables say (npm run docs writes it)", () => {
  const page = readFileSync(new URL("../../docs/telemetry.md", import.meta.url), "utf8");
  expect(page).toBe(telemetryDocs());
});

test("every attribute of ours is described, and nothing else is", () => {
  const names = Object.entries(own)
    .filter(([constant]) => constant.startsWith("ATTR_") && !constant.startsWith("ATTR_PREFIX"))
    .map(([, name]) => name);
  expect(Object.keys(attributeDescriptions).sort()).toEqual(names.sort());
});

test("every attribute of ours on a record or a metric is a described one", () => {
  const used = [
    ...Object.values(recordAttributeNames).flat(),
    ...Object.values(metricTable).flatMap((metric) => [...metric.attributes]),
  ].filter((name) => name.startsWith("turnspan.") && !name.includes("<field>"));
  expect(used.filter((name) => !Object.hasOwn(attributeDescriptions, name))).toEqual([]);
});

test("Prometheus names follow the compatibility rules", () => {
  const names = Object.entries(metricTable).map(([name, metric]) => prometheusName(name, metric));
  expect(names).toEqual([
    "gen_ai_client_operation_duration_seconds",
    "gen_ai_client_token_usage",
    "gen_ai_client_operation_time_to_first_chunk_seconds",
    "gen_ai_invoke_agent_duration_seconds",
    "gen_ai_execute_tool_duration_seconds",
    "turnspan_turn_count_total",
    "turnspan_session_active",
    "turnspan_session_duration_seconds",
    "turnspan_cost_total",
    "turnspan_cost_unknown_calls_total",
    "turnspan_hook_duration_seconds",
    "turnspan_budget_limit",
    "turnspan_budget_used",
    "turnspan_telemetry_dropped_total",
  ]);
});
