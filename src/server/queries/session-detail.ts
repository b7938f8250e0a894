import { EVENT_SESSION_END, EVENT_SESSION_START } from "../../semconv/gen-ai.ts";
import * as own from "../../semconv/turnspan.ts";
import type {
  AttributeValue,
  CostSegment,
  HookDecision,
  LogRecord,
  SessionDetail,
  SessionSummary,
  SettingChange,
  SettingsChange,
} from "../api-types.ts";
import { Fields } from "../reading/fields.ts";
import type { StoreReader } from "./reader.ts";
import { readRecordsOfSession } from "./records.ts";
import { findSessionRow, readSessions } from "./sessions.ts";
import { readTurnsOfSession } from "./turns.ts";

const MAX_TURNS = 500;

const METADATA = "select metadata from session where id = :root";
/** What is in the sums, at the time it counts: calls when they ended, and what only a run's end told. */
const COSTS = `
  select span.end_ns / 1000 as atUs, 1 as calls, coalesce(nano_usd, 0) as nanoUsd, nano_usd is null as unknown
  from run join span on span.trace_id = run.trace_id and span.run = run.id
  where run.session in (select id from session where root = :root)
    and span.counted = 1 and span.kind = 'model_call'
  union all
  select end_us, recorded_model_calls - seen_model_calls, recorded_nano_usd - seen_nano_usd,
    recorded_unknown_cost_calls - seen_unknown_cost_calls
  from run where session in (select id from session where root = :root)
    and recorded_model_calls > seen_model_calls`;

interface CostRow {
  readonly atUs: number;
  readonly calls: number;
  readonly nanoUsd: number;
  readonly unknown: number;
}

/** A session with everything that its page shows; `undefined` where there is none of that name. */
export function readSessionDetail(store: StoreReader, name: string): SessionDetail | undefined {
  const root = findSessionRow(store, name);
  const session = root === undefined ? undefined : readSessions(store, [root])[0];
  if (root === undefined || session === undefined) return undefined;
  const records = readRecordsOfSession(store, root);
  const settingsChanges = records
    .filter(({ event }) => event === own.EVENT_SESSION_PATCH)
    .map(toSettingsChange);
  return {
    session,
    metadata:
      store.spans.get<{ readonly metadata: string | null }>(METADATA, { root })?.metadata ?? null,
    ...readTurnsOfSession(store, root, MAX_TURNS),
    settingsChanges,
    hookDecisions: records.flatMap(toHookDecision),
    costSegments: findCostSegments(
      settingsChanges,
      store.spans.all<CostRow>(COSTS, { root }),
      session,
    ),
    openings: records.flatMap(toOpening),
  };
}

const fields = new Fields();

const readFields = ({ attributes }: LogRecord): Fields =>
  fields.read({
    names: attributes.map(([name]) => name),
    values: attributes.map(([, value]) => value),
  });

function toOpening(record: LogRecord): SessionDetail["openings"] {
  const isStart = record.event === EVENT_SESSION_START;
  if (!isStart && record.event !== EVENT_SESSION_END) return [];
  const read = readFields(record);
  return [
    {
      generation: read.count("generation"),
      event: isStart ? "start" : "end",
      timeMs: record.timeMs,
      reason: read.text("endReason"),
    },
  ];
}

const textOrNull = (value: AttributeValue | undefined): string | null =>
  typeof value === "string" ? value : null;
const numberOrNull = (value: AttributeValue | undefined): number | null =>
  typeof value === "number" && value >= 0 ? value : null;

function toSettingsChange({ id, timeMs, runId, attributes }: LogRecord): SettingsChange {
  const values = new Map(attributes);
  const names = values.get(own.ATTR_PATCH_FIELDS);
  return {
    ...{ id, timeMs, runId },
    source: textOrNull(values.get(own.ATTR_PATCH_SOURCE)),
    actor: {
      kind: textOrNull(values.get(own.ATTR_PATCH_ACTOR_KIND)) ?? "unknown",
      id: textOrNull(values.get(own.ATTR_PATCH_ACTOR_ID)),
      evidence: textOrNull(values.get(own.ATTR_PATCH_ACTOR_EVIDENCE)),
    },
    changes: Array.isArray(names)
      ? names.filter((name) => typeof name === "string").map((name) => toChange(name, values))
      : [],
  };
}

/** A field whose value is not shown has neither a before nor an after; a known unset value has no attribute. */
function toChange(field: string, values: ReadonlyMap<string, AttributeValue>): SettingChange {
  const name = `${own.ATTR_PREFIX_PATCH}${field}`;
  const before = values.get(`${name}.before`);
  const after = values.get(`${name}.after`);
  const isUnknown = values.get(`${name}.before_unknown`) === true;
  return {
    field,
    shown: before !== undefined || after !== undefined || isUnknown,
    beforeKnown: !isUnknown,
    before: before ?? null,
    after: after ?? null,
  };
}

function toHookDecision(record: LogRecord): HookDecision[] {
  const failed = record.event === own.EVENT_HOOK_FAILURE;
  if (!failed && record.event !== own.EVENT_HOOK_DECISION) return [];
  const values = new Map(record.attributes);
  const read = readFields(record);
  return [
    {
      id: record.id,
      timeMs: record.timeMs,
      failed,
      hook: textOrNull(values.get(own.ATTR_HOOK_NAME)),
      entry: textOrNull(values.get(own.ATTR_HOOK_ENTRY)),
      decision: textOrNull(values.get(own.ATTR_HOOK_DECISION)),
      reason: textOrNull(values.get(own.ATTR_HOOK_REASON)),
      errorType: read.text("errorType"),
      errorMessage: read.text("errorMessage"),
      durationMs: numberOrNull(values.get(own.ATTR_HOOK_DURATION_MS)),
      runId: record.runId,
      traceId: record.traceId,
    },
  ];
}

type OpenSegment = { -readonly [K in keyof CostSegment]: CostSegment[K] };

/** Each change of the model opens a segment; a call counts into the one that was open when it ended. */
function findCostSegments(
  changes: readonly SettingsChange[],
  costs: readonly CostRow[],
  session: SessionSummary,
): CostSegment[] {
  const models = changes.flatMap(({ timeMs, changes: fieldsChanged }) =>
    fieldsChanged
      .filter(({ field }) => field === "model")
      .map(({ before, after }) => ({ timeMs, before, after })),
  );
  const first = models.length === 0 ? session.model : textOrNull(models[0]?.before);
  const segments: OpenSegment[] = [openSegment(first, session.openedMs)];
  for (const { timeMs, after } of models) {
    const last = segments.at(-1);
    if (last !== undefined) last.untilMs = timeMs;
    segments.push(openSegment(textOrNull(after), timeMs));
  }
  for (const { atUs, calls, nanoUsd, unknown } of costs) {
    const segment = segments.findLast(({ sinceMs }) => sinceMs <= atUs / 1000) ?? segments[0];
    if (segment === undefined) continue;
    segment.modelCalls += calls;
    segment.nanoUsd += nanoUsd;
    segment.unknownCostCalls += unknown;
  }
  return segments;
}

const openSegment = (model: string | null, sinceMs: number): OpenSegment => ({
  ...{ model, sinceMs, untilMs: null },
  modelCalls: 0,
  nanoUsd: 0,
  unknownCostCalls: 0,
});
