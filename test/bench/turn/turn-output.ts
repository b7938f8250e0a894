import type { Attributes, MeterProvider } from "@opentelemetry/api";
import { METRIC_HOOK_DURATION } from "../../../src/semconv/metrics.ts";
import type { Agent } from "./bare-agent.ts";
import { keepPoints, type Point } from "./points.ts";
import type { StackOptions } from "./stack.ts";

/** What is compared of a span; those of SDK 2 and 3 have it. */
export interface SeenSpan {
  readonly name: string;
  readonly kind: number;
  readonly attributes: Attributes;
  readonly status: { readonly code: number };
  readonly links: readonly { readonly attributes?: Attributes | undefined }[];
  readonly events: readonly {
    readonly name: string;
    readonly attributes?: Attributes | undefined;
  }[];
  readonly parentSpanContext?: { readonly spanId: string } | undefined;
  spanContext(): { readonly spanId: string };
}

export interface SeenLog {
  readonly eventName?: string | undefined;
  readonly severityNumber?: number | undefined;
  readonly severityText?: string | undefined;
  readonly attributes: unknown;
  readonly spanContext?: { readonly spanId: string } | undefined;
}

/** Where an agent's telemetry can be listened to. */
interface Taps extends Pick<StackOptions, "onSpans" | "onLogs"> {
  /** In the place of the SDK's. */
  readonly meterProvider?: MeterProvider;
}

/** Makes an agent that writes to a stack of its own. */
export type StartAgent = (taps: Taps) => { readonly agent: Agent; flush(): Promise<void> };

/** Ids and times differ from run to run. */
const VOLATILE: ReadonlySet<string> = new Set([
  "turnspan.run.id",
  "turnspan.record.id",
  "turnspan.turn.duration_ms",
]);

export interface TurnOutput {
  readonly spans: readonly object[];
  readonly sessionEvents: readonly object[];
  readonly logs: readonly object[];
  readonly points: readonly object[];
}

/** What one turn emits: the third, when what only a first turn says has been said. */
export async function readTurn(start: StartAgent): Promise<TurnOutput> {
  const [spans, logs, points]: [SeenSpan[], SeenLog[], Point[]] = [[], [], []];
  const { provider: meterProvider, collect } = keepPoints(points);
  const { agent, flush } = start({
    onSpans: (batch) => spans.push(...batch),
    onLogs: (batch) => logs.push(...batch),
    meterProvider,
  });
  for (let turn = 0; turn < 2; turn += 1) await agent.turn();
  await flush();
  collect();
  for (const list of [spans, logs, points]) list.length = 0;
  await agent.turn();
  await flush();
  collect();
  const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  const output = {
    spans: spans.map((span) => describeSpan(span, names)),
    logs: logs.map((log) => describeLog(log, names)),
    points: points.filter(isOfTurn).map(describePoint).sort(byText),
  };
  spans.length = 0;
  agent.end();
  await flush();
  return { ...output, sessionEvents: spans.flatMap((span) => describeEvents(span).slice(-2)) };
}

function describeSpan(span: SeenSpan, names: ReadonlyMap<string, string>): object {
  return {
    name: span.name,
    kind: span.kind,
    parent: names.get(span.parentSpanContext?.spanId ?? ""),
    attributes: describe(span.attributes),
    status: span.status.code,
    links: span.links.map((link) => describe(link.attributes)),
    events: describeEvents(span),
  };
}

const describeEvents = (span: SeenSpan): object[] =>
  span.events.map((event) => ({ name: event.name, attributes: describe(event.attributes) }));

const describeLog = (log: SeenLog, names: ReadonlyMap<string, string>): object => ({
  name: log.eventName,
  severity: [log.severityNumber, log.severityText],
  attributes: describe(log.attributes),
  span: names.get(log.spanContext?.spanId ?? ""),
});

/** How long listeners took is about them; raw OpenTelemetry has none. */
const isOfTurn = ({ instrument }: Point): boolean => instrument !== METRIC_HOOK_DURATION;

const describePoint = ({ instrument, value, attributes }: Point): object => ({
  instrument,
  // Durations are times.
  value: instrument.endsWith(".duration") ? "…" : value,
  attributes: describe(attributes),
});

function describe(attributes: unknown): object {
  const entries = Object.entries(attributes ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, VOLATILE.has(name) ? "…" : value] as const);
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

const byText = (one: object, other: object): number =>
  JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
