/**
 * The wire types of the query API, shared with the viewer, which imports them as types only.
 *
 * Decided once, for all of them:
 * - Times are epoch **milliseconds** as numbers, with a fraction down to the microsecond (`…Ms`): they go straight
 *   into `new Date`. Durations are milliseconds too.
 * - Money is **integer nano-dollars** (`nanoUsd`), so sums are exact. It is the API list price or the host's own
 *   figure. Calls without a known price are in no sum; they are counted (`unknownCostCalls`).
 * - What is not known is `null`, never a made-up 0 or "".
 * - Attributes are lists of pairs, because their keys are data of others: no key becomes a property.
 * - Texts (names, previews, messages, values) were written by others and are shown as text only.
 */
import { z } from "zod";

/** A text of others, or nothing. */
export const text = z.string().nullable();
export const count = z.int().nonnegative();
export const TimeMs = z.number().describe("Epoch milliseconds, fraction down to the microsecond");
export const DurationMs = z.number().nonnegative().describe("Milliseconds");
export const NanoUsd = z.int().describe("Nano-dollars, 1e-9 USD");
export const PublicId = z.string().regex(/^[0-9a-f]{16}$/);
export const TraceId = z.string().regex(/^[0-9a-f]{32}$/);
export const SpanId = z.string().regex(/^[0-9a-f]{16}$/);

/** Sums over model and tool calls. Input includes cached tokens, output includes reasoning. */
export const Totals = z
  .strictObject({
    modelCalls: count,
    toolCalls: count,
    inputTokens: count,
    outputTokens: count,
    cacheReadTokens: count,
    cacheWriteTokens: count,
    reasoningTokens: count,
    nanoUsd: NanoUsd,
    unknownCostCalls: count.describe("Model calls without a known price; they are in no cost"),
  })
  .meta({ id: "Totals" });
export type Totals = z.infer<typeof Totals>;

/**
 * `running`: a turn is under way. `waiting`: open, and the turn is the user's, or a turn that is under way waits for
 * the user. `ended`: it was closed.
 * `untracked`: only spans of other instrumentations, which tell of no session's start or end.
 */
export const SessionState = z.enum(["running", "waiting", "ended", "untracked"]);
export type SessionState = z.infer<typeof SessionState>;

/** A session with all that belongs to it: sums include the subagents it spawned. */
export const SessionSummary = z
  .strictObject({
    id: PublicId,
    sessionId: text.describe("The host's id"),
    sessionKey: text.describe("The host's name of the conversation, plain or hashed"),
    title: text.describe("Its label, else the beginning of its first message"),
    state: SessionState,
    endReason: text,
    waitsFor: text.describe("What it said that it waits for: permission or input"),
    waitsSinceMs: TimeMs.nullable(),
    agent: text,
    model: text.describe("The model of its last turn"),
    project: text,
    repository: text,
    branch: text,
    userId: text,
    host: text.describe("The observed program, such as openclaw"),
    service: text.describe("service.name of who sent it"),
    source: text.describe("replay, import or recovery; null: seen live"),
    openedMs: TimeMs,
    lastSeenMs: TimeMs,
    turns: count.describe("Announce turns and compactions are not counted"),
    failedTurns: count,
    runningTurns: count,
    subagents: count,
    totals: Totals,
  })
  .meta({ id: "SessionSummary" });
export type SessionSummary = z.infer<typeof SessionSummary>;

export const SessionList = z
  .strictObject({
    sessions: z.array(SessionSummary),
    nextCursor: text.describe("Give it as `cursor` to go on; null: that was all"),
  })
  .meta({ id: "SessionList" });
export type SessionList = z.infer<typeof SessionList>;

export const TurnState = z.enum([
  "running",
  "completed",
  "failed",
  "blocked",
  "cancelled",
  "abandoned",
]);
export type TurnState = z.infer<typeof TurnState>;

/** A turn, or a subagent's run. Its totals are its own calls: those of subagents are in their rows. */
export const TurnSummary = z
  .strictObject({
    id: PublicId,
    kind: z.enum(["turn", "subagent"]),
    state: TurnState,
    sessionId: PublicId.describe("`id` of the session shown for it: a subagent's is its spawner's"),
    traceId: TraceId.describe("Made up where its host told of no trace"),
    spanId: SpanId.nullable(),
    runId: text,
    parentRunId: text.describe("The run that spawned this subagent"),
    label: text.describe("What the spawner calls the subagent"),
    turnIndex: count.nullable(),
    agent: text,
    provider: text,
    model: text,
    trigger: text,
    channel: text,
    errorType: text,
    errorMessage: text,
    blockReason: text,
    blockHook: text,
    stopReason: text,
    attempts: count,
    startMs: TimeMs,
    endMs: TimeMs.nullable(),
    durationMs: DurationMs.nullable(),
    totals: Totals,
    inputPreview: text,
    outputPreview: text,
    source: text,
  })
  .meta({ id: "TurnSummary" });
export type TurnSummary = z.infer<typeof TurnSummary>;

export const TurnList = z
  .strictObject({ turns: z.array(TurnSummary), nextCursor: text })
  .meta({ id: "TurnList" });
export type TurnList = z.infer<typeof TurnList>;

/** A value of an attribute: bytes are base64, integers past 2^53 and NaN or infinities are strings. */
export const AttributeValue = z.json().meta({ id: "AttributeValue" });
export type AttributeValue = z.infer<typeof AttributeValue>;

export const Attribute = z.tuple([z.string(), AttributeValue]).meta({ id: "Attribute" });
export type Attribute = z.infer<typeof Attribute>;

/** A log record: a lifecycle record of ours, or what another instrumentation logged in a trace. */
export const LogRecord = z
  .strictObject({
    id: z.string().describe("The record id, else a hash of what was logged"),
    event: text,
    timeMs: TimeMs,
    severity: count.describe("OpenTelemetry's number: 9 info, 13 warn, 17 error"),
    traceId: TraceId.nullable(),
    spanId: SpanId.nullable(),
    runId: text,
    body: text,
    attributes: z.array(Attribute),
  })
  .meta({ id: "LogRecord" });
export type LogRecord = z.infer<typeof LogRecord>;

export const RecordList = z
  .strictObject({ records: z.array(LogRecord), nextCursor: text })
  .meta({ id: "RecordList" });
export type RecordList = z.infer<typeof RecordList>;

/** One changed setting. `beforeKnown` false: nobody told what it was. `shown` false: the name only. */
export const SettingChange = z
  .strictObject({
    field: z.string(),
    shown: z.boolean(),
    beforeKnown: z.boolean(),
    before: AttributeValue,
    after: AttributeValue,
  })
  .meta({ id: "SettingChange" });
export type SettingChange = z.infer<typeof SettingChange>;

export const SettingsChange = z
  .strictObject({
    id: z.string(),
    timeMs: TimeMs,
    changes: z.array(SettingChange),
    source: text,
    actor: z.strictObject({
      kind: z.string().describe("operator, sender, agent, tool, hook, config or unknown"),
      id: text,
      evidence: text.describe("How it is known who it was"),
    }),
    runId: text,
  })
  .meta({ id: "SettingsChange" });
export type SettingsChange = z.infer<typeof SettingsChange>;

/** A hook entry that decided something, or failed. */
export const HookDecision = z
  .strictObject({
    id: z.string(),
    timeMs: TimeMs,
    failed: z.boolean(),
    hook: text,
    entry: text,
    decision: text,
    reason: text,
    errorType: text,
    errorMessage: text,
    durationMs: DurationMs.nullable(),
    runId: text,
    traceId: TraceId.nullable(),
  })
  .meta({ id: "HookDecision" });
export type HookDecision = z.infer<typeof HookDecision>;

/** Cost between two changes of the model; the segments of a session add up to its cost. */
export const CostSegment = z
  .strictObject({
    model: text.describe("The model that was set; null: nobody told"),
    sinceMs: TimeMs,
    untilMs: TimeMs.nullable(),
    modelCalls: count,
    nanoUsd: NanoUsd,
    unknownCostCalls: count,
  })
  .meta({ id: "CostSegment" });
export type CostSegment = z.infer<typeof CostSegment>;

export const SessionDetail = z
  .strictObject({
    session: SessionSummary,
    metadata: text.describe("JSON: what the opener gave"),
    turns: z.array(TurnSummary).describe("Turns and subagents, oldest first; the last 500"),
    earlierTurns: count.describe("How many came before those"),
    settingsChanges: z.array(SettingsChange),
    hookDecisions: z.array(HookDecision),
    costSegments: z.array(CostSegment),
    openings: z
      .array(
        z.strictObject({
          generation: count.nullable(),
          event: z.enum(["start", "end"]),
          timeMs: TimeMs,
          reason: text,
        }),
      )
      .describe("When it was opened and closed"),
  })
  .meta({ id: "SessionDetail" });
export type SessionDetail = z.infer<typeof SessionDetail>;
