/** The wire types of the reports, the server's status and the live events; the rules of `api-types.ts` hold. */
import { z } from "zod";
import { SpanKind } from "./api-trace-types.ts";
import {
  count,
  PublicId,
  SessionSummary,
  SpanId,
  TimeMs,
  Totals,
  TraceId,
  TurnSummary,
  text,
} from "./api-types.ts";

export const CostGroup = z.enum(["day", "project", "agent", "model"]);
export type CostGroup = z.infer<typeof CostGroup>;

/** Sums over model calls; tools have no price. */
export const CostTotals = Totals.omit({ toolCalls: true }).meta({ id: "CostTotals" });
export type CostTotals = z.infer<typeof CostTotals>;

export const CostRow = z
  .strictObject({
    day: text.describe("YYYY-MM-DD in the time zone that was asked for; null where not by day"),
    dayStartMs: TimeMs.nullable(),
    key: text.describe("The project, agent or model; null where it is not known, or by day alone"),
    provider: text.describe("Of a model"),
    totals: CostTotals,
  })
  .meta({ id: "CostRow" });
export type CostRow = z.infer<typeof CostRow>;

/** Calls of a model whose cost is not known. */
export const UnknownPrice = z
  .strictObject({
    provider: text,
    model: text,
    calls: count,
    missing: z
      .enum(["price", "tokens"])
      .describe(
        "tokens: the calls told none, as failed ones do not, or were made before the price was known",
      ),
    command: text.describe("Adds the price; null where it is not missing, or no model was told"),
  })
  .meta({ id: "UnknownPrice" });
export type UnknownPrice = z.infer<typeof UnknownPrice>;

/** Cost in a span of time. The rows add up to `total`. */
export const CostReport = z
  .strictObject({
    by: CostGroup,
    fromMs: TimeMs,
    toMs: TimeMs,
    timeZone: z.string(),
    rows: z.array(CostRow).describe("By day oldest first, else dearest first"),
    total: CostTotals,
    unknownPrices: z.array(UnknownPrice),
  })
  .meta({ id: "CostReport" });
export type CostReport = z.infer<typeof CostReport>;

/** Failures of one kind: of turns by their outcome, of calls by their status. */
export const ErrorGroup = z
  .strictObject({
    kind: SpanKind,
    errorType: text,
    subject: text.describe("The model or tool"),
    agent: text,
    count,
    firstMs: TimeMs,
    lastMs: TimeMs,
    lastMessage: text,
    lastTraceId: TraceId,
    lastSpanId: SpanId.nullable(),
    lastTurnId: PublicId.nullable(),
  })
  .meta({ id: "ErrorGroup" });
export type ErrorGroup = z.infer<typeof ErrorGroup>;

export const ErrorReport = z
  .strictObject({
    fromMs: TimeMs,
    toMs: TimeMs,
    timeZone: z.string(),
    groups: z.array(ErrorGroup).describe("Most frequent first"),
    days: z.array(
      z.strictObject({
        day: z.string(),
        dayStartMs: TimeMs,
        turns: count.describe("Turns that ended; announce turns and compactions are not counted"),
        failedTurns: count.describe("Failed or abandoned"),
      }),
    ),
  })
  .meta({ id: "ErrorReport" });
export type ErrorReport = z.infer<typeof ErrorReport>;

/** What the store is in: `full` means that the disk is, and senders are told to try again later. */
export const StoreState = z
  .strictObject({
    state: z.enum(["ok", "full", "failed"]),
    problem: text,
    sinceMs: TimeMs.nullable(),
  })
  .meta({ id: "StoreState" });
export type StoreState = z.infer<typeof StoreState>;

export const ServerStatus = z
  .strictObject({
    version: z.string(),
    startedMs: TimeMs,
    nowMs: TimeMs,
    otlpUrl: z.string(),
    store: StoreState,
    dataFolder: z.string(),
    storedBytes: count,
    maxBytes: count,
    maxAgeDays: z.number(),
    counts: z.strictObject({ sessions: count, turns: count, spans: count, records: count }),
    oldestMs: TimeMs.nullable(),
    received: z.strictObject({
      spans: count,
      records: count,
      points: count,
      rejectedItems: count.describe("Refused one by one: wrong ids or times"),
      refusedRequests: count.describe("Refused whole, by any of the limits"),
    }),
    /** Losses that senders report of themselves (`turnspan.telemetry.dropped`). */
    senderDrops: z.array(
      z.strictObject({ service: text, signal: text, reason: text, count: z.number() }),
    ),
    /** Agents found on this machine, for the page that has nothing to show yet. */
    found: z.array(
      z.strictObject({
        name: z.string(),
        evidence: z.string(),
        command: z.string().describe("Makes the agent tell of its sessions"),
      }),
    ),
  })
  .meta({ id: "ServerStatus" });
export type ServerStatus = z.infer<typeof ServerStatus>;

/**
 * Events of `GET /api/live`, each as the `data` of one server-sent event. `sessions` and `turns` hold rows that
 * changed, as the list routes would give them; `refresh` says that too much changed to be listed.
 */
export const LiveEvent = z
  .discriminatedUnion("type", [
    z.strictObject({
      type: z.literal("changed"),
      sessions: z.array(SessionSummary),
      turns: z.array(TurnSummary),
    }),
    z.strictObject({ type: z.literal("refresh") }),
    z.strictObject({ type: z.literal("store"), store: StoreState }),
  ])
  .meta({ id: "LiveEvent" });
export type LiveEvent = z.infer<typeof LiveEvent>;

/** The body of every answer that is no success. */
export const ApiError = z
  .strictObject({
    error: z.strictObject({
      code: z.enum(["bad_request", "unauthorized", "forbidden", "not_found", "failed"]),
      message: z.string(),
    }),
  })
  .meta({ id: "ApiError" });
export type ApiError = z.infer<typeof ApiError>;
