import * as attributes from "../src/lifecycle/attributes.ts";
import { hookSpanAttributes } from "../src/lifecycle/hook-span.ts";
import { attemptNames, recordAttributeNames } from "../src/lifecycle/record-attributes.ts";
import { attributeDescriptions } from "../src/semconv/descriptions.ts";
import { GEN_AI_PROFILE } from "../src/semconv/gen-ai.ts";
import { type MetricDefinition, metricTable } from "../src/semconv/metrics.ts";
import { prometheusName } from "../src/semconv/prometheus.ts";

const code = (name: string): string => `\`${name}\``;
const list = (names: readonly string[]): string => [...new Set(names)].map(code).join(", ");

const row = (...cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

const table = (head: readonly string[], rows: readonly string[]): string =>
  [row(...head), row(...head.map(() => "---")), ...rows].join("\n");

const spans: readonly (readonly [string, string, string, string, readonly string[]])[] = [
  [
    "session",
    "session {agent}",
    "INTERNAL",
    "root of its own trace; linked to the segment before it",
    [
      ...attributes.sessionStartAttributes.names,
      ...attributes.endReasonAttributes.names,
      ...attributes.sessionEndAttributes.names,
    ],
  ],
  [
    "turn",
    "invoke_agent {agent}",
    "INTERNAL",
    "root of its own trace, linked to the session; a parent only where one outside the host is known",
    [...attributes.runStartAttributes.names, ...attributes.runEndAttributes.names],
  ],
  [
    "subagent",
    "invoke_agent {child agent}",
    "INTERNAL",
    "the tool call that spawned it, else its parent's run; a detached one is a root with a link",
    [
      ...attributes.runStartAttributes.names,
      ...attributes.subagentNames(attributes.runEndAttributes.names),
      ...attributes.spawnNames,
    ],
  ],
  [
    "model call",
    "chat {model}",
    "CLIENT",
    "the turn or subagent",
    [
      ...attributes.modelStartAttributes.names,
      ...attributes.modelEndAttributes.names,
      ...attributes.callEndAttributes.names,
    ],
  ],
  [
    "tool call",
    "execute_tool {tool}",
    "INTERNAL",
    "the turn or subagent",
    [
      ...attributes.toolStartAttributes.names,
      ...attributes.toolEndAttributes.names,
      ...attributes.callEndAttributes.names,
    ],
  ],
  [
    "hook of 100 ms and more",
    "hook {hook}",
    "INTERNAL",
    "what it was told of: the turn, the subagent, or the session",
    hookSpanAttributes.names,
  ],
];

const spanRows = spans.map(([thing, name, kind, parent, names]) =>
  row(thing, code(name), kind, parent, list(names)),
);

const recordRows = Object.entries(recordAttributeNames).map(([name, names]) =>
  row(code(name), list(names)),
);

function metricRow([name, metric]: [string, MetricDefinition]): string {
  const prometheus = code(prometheusName(name, metric));
  return row(
    code(name),
    metric.kind,
    code(metric.unit),
    prometheus,
    list(metric.attributes),
    metric.description,
  );
}

/** The page of names, made from the tables that the code itself reads. */
export function telemetryDocs(): string {
  return `# Telemetry

Made from the source by \`npm run docs\`; a test fails when the two differ. Names follow the OpenTelemetry
GenAI semantic conventions, profile \`${GEN_AI_PROFILE}\`; ours are under \`turnspan.\`.

## Spans

Every span also carries who and where: ${list(attributes.whoAttributes.names)}, \`turnspan.session.key\`,
and where they are set \`turnspan.host\` and \`turnspan.source\`.
Message content (\`gen_ai.input.messages\`, \`gen_ai.output.messages\`, \`gen_ai.tool.call.arguments\`,
\`gen_ai.tool.call.result\`) is there only where the content mode allows. Totals of turns and sessions stand
under \`turnspan.\` because backends add up \`gen_ai.usage.*\` over all spans of a trace.

${table(["thing", "span name", "kind", "parent", "attributes"], spanRows)}

Span events: \`turnspan.session.patch\` on the session and on the open turn, \`turnspan.hook.decision\` and
\`turnspan.hook.failure\` on the turn, all with the attributes of their records, and on the turn
\`turnspan.turn.attempt\` with ${list(attemptNames)}. Links carry \`turnspan.link.kind\`.

## Records

OpenTelemetry log events with trace context. Every record also carries \`turnspan.record.id\`,
\`turnspan.record.version\`, \`gen_ai.agent.name\` and who and where.

${table(["event", "attributes"], recordRows)}

## Metrics

${table(["metric", "type", "unit", "in Prometheus", "attributes", "what it is"], Object.entries(metricTable).map(metricRow))}

Histograms appear in Prometheus as \`…_bucket\`, \`…_sum\` and \`…_count\`.

## Attributes of ours

${table(
  ["attribute", "meaning"],
  Object.entries(attributeDescriptions).map(([name, text]) => row(code(name), text)),
)}
`;
}
