/** The wire types of traces and their spans; the rules of `api-types.ts` hold. */
import { z } from "zod";
import {
  Attribute,
  count,
  DurationMs,
  LogRecord,
  NanoUsd,
  PublicId,
  SessionSummary,
  SpanId,
  TimeMs,
  TraceId,
  TurnSummary,
  text,
} from "./api-types.ts";

export const SpanKind = z.enum(["session", "turn", "subagent", "model_call", "tool_call", "other"]);
export type SpanKind = z.infer<typeof SpanKind>;

/** A row of the waterfall. */
export const SpanSummary = z
  .strictObject({
    spanId: SpanId,
    parentSpanId: SpanId.nullable(),
    turnId: PublicId.nullable(),
    kind: SpanKind,
    name: z.string(),
    startMs: TimeMs,
    durationMs: DurationMs,
    status: z.enum(["unset", "ok", "error"]),
    statusMessage: text,
    errorType: text,
    agent: text,
    provider: text,
    subject: text.describe("The model that answered, or the tool"),
    usage: z
      .strictObject({
        inputTokens: count,
        outputTokens: count,
        cacheReadTokens: count,
        cacheWriteTokens: count,
        reasoningTokens: count,
      })
      .nullable(),
    nanoUsd: NanoUsd.nullable().describe("null: no model call, or its price is not known"),
    costSource: text.describe("host, user or genai-prices"),
    counted: z
      .boolean()
      .describe(
        "Its tokens and cost are in the sums: not so for a call told twice, by two libraries",
      ),
    events: count,
    inputPreview: text,
    outputPreview: text,
  })
  .meta({ id: "SpanSummary" });
export type SpanSummary = z.infer<typeof SpanSummary>;

/** All of a trace, or of one turn in it. Spans in order of their start. */
export const TraceDetail = z
  .strictObject({
    traceId: TraceId,
    session: SessionSummary.nullable(),
    turns: z.array(TurnSummary),
    spans: z.array(SpanSummary),
    records: z.array(LogRecord),
    omittedSpans: count.describe("Spans past 50,000 are not in the list"),
  })
  .meta({ id: "TraceDetail" });
export type TraceDetail = z.infer<typeof TraceDetail>;

/** One attribute that holds messages, arguments or a result: JSON texts, one a message, or plain text. */
export const Content = z
  .strictObject({ attribute: z.string(), parts: z.array(z.string()) })
  .meta({ id: "Content" });
export type Content = z.infer<typeof Content>;

export const SpanDetail = z
  .strictObject({
    traceId: TraceId,
    span: SpanSummary,
    content: z.array(Content),
    attributes: z.array(Attribute),
    events: z.array(
      z.strictObject({ name: z.string(), timeMs: TimeMs, attributes: z.array(Attribute) }),
    ),
    links: z.array(
      z.strictObject({ traceId: TraceId, spanId: SpanId, attributes: z.array(Attribute) }),
    ),
    scope: z.strictObject({ name: text, version: text }),
    resource: z.array(Attribute),
  })
  .meta({ id: "SpanDetail" });
export type SpanDetail = z.infer<typeof SpanDetail>;
