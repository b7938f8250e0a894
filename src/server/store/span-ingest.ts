import type { DatabaseSync } from "node:sqlite";
import type { TokenUsage } from "../../pricing/cost.ts";
import { ATTR_TURNSPAN_KIND } from "../../semconv/turnspan.ts";
import type { SpanRow } from "../otlp/rows.ts";
import { type SplitAttributes, splitAttributes } from "../reading/contents.ts";
import { turnRank } from "../reading/kinds.ts";
import {
  readSpan,
  type SpanFacts,
  STATUS_ERROR,
  serviceOf,
  type Usage,
} from "../reading/span-facts.ts";
import type { CallCounts } from "./call-counts.ts";
import type { Price, StoreParts } from "./parts.ts";
import { endRun, nameRun } from "./run-facts.ts";
import type { RunRow } from "./runs.ts";
import type { SessionRow } from "./sessions.ts";
import { SpanTable } from "./span-table.ts";
import { type Interval, isPartOfRun, takeForeignRun, takeOwnRun, takeSession } from "./subjects.ts";

type Fields = ReturnType<typeof readSpan>["fields"];
type Previews = Pick<SplitAttributes, "inputPreview" | "outputPreview">;

/** A span with what was found out about it. */
interface ReadSpan {
  readonly span: SpanRow;
  readonly facts: SpanFacts;
  readonly fields: Fields;
  readonly when: Interval;
  readonly session: SessionRow | undefined;
}

/** Microseconds: a double holds them exactly, nanoseconds of today it does not. */
const toUs = (ns: bigint): number => Number(ns / 1000n);

/** Puts spans into the store: each once, with its share in its turn, its session and the sums. */
export class SpanIngest {
  readonly #parts: StoreParts;
  readonly #table: SpanTable;
  readonly #counts: CallCounts;

  constructor(database: DatabaseSync, parts: StoreParts, counts: CallCounts) {
    this.#parts = parts;
    this.#table = new SpanTable(database);
    this.#counts = counts;
  }

  /** Returns false where the span was there already. */
  add(span: SpanRow, price: Price | undefined): boolean {
    const { facts: named, fields } = readSpan(span);
    const facts = price === undefined ? named : withPrice(named, span, price);
    const when = { fromUs: toUs(span.startNs), toUs: toUs(span.endNs) };
    const sender = { service: serviceOf(span.origin.resource) };
    const belongs = isPartOfRun(facts.kind) || facts.kind === "session";
    const session = belongs ? takeSession(fields, when, sender, this.#parts) : undefined;
    const read = { span, facts, fields, when, session };
    const run = isPartOfRun(facts.kind) ? this.#runOf(read, sender.service) : undefined;
    const counted = run !== undefined && this.#counts.isCounted(span, facts, run);
    const project = run === undefined ? null : this.#parts.sessions.get(run.session).project;
    const split = splitAttributes(span.attributes);
    const id = this.#table.insert({
      ...{ span, facts, split, counted, project },
      run: run?.id ?? null,
      session: facts.kind === "session" ? (session?.id ?? null) : null,
      origin: this.#parts.origins.idOf(span.origin),
    });
    if (id === undefined) return false;
    if (split.content.length > 0) this.#parts.contents.add(id, split.content);
    if (facts.kind === "session" && session !== undefined) this.#addSession(read, session);
    if (counted && run !== undefined) {
      this.#counts.add(facts, run, { atUs: when.fromUs, project });
    }
    if (run !== undefined) this.#addToRun(read, run, split);
    return true;
  }

  #runOf({ span, facts, fields, when, session }: ReadSpan, service: string | null): RunRow {
    const runId = fields.text("runId");
    if (!facts.isOwn || runId === null || session === undefined) {
      return takeForeignRun(span.traceId, session, when, { service }, this.#parts);
    }
    const kind = facts.kind === "turn" || facts.kind === "subagent" ? facts.kind : undefined;
    return takeOwnRun({ traceId: span.traceId, runId }, session, kind, when, this.#parts);
  }

  #addToRun(read: ReadSpan, run: RunRow, previews: Previews): void {
    const { facts } = read;
    const { runs } = this.#parts;
    if (facts.kind === "model_call") {
      run.provider ??= facts.provider;
      run.model ??= facts.subject;
    }
    if (facts.kind === "turn" || facts.kind === "subagent") addOwnRun(read, run, previews);
    else if (run.run_id === "") addForeignTop(read, run, previews);
    const isOwnCall = facts.isOwn && facts.kind === "model_call";
    if (isOwnCall || run.recorded.modelCalls > 0) this.#counts.preferOwn(run);
    runs.change(run);
    this.#showInSession(run);
  }

  /** A session is titled by what was said first, and shows the model of its last turn. */
  #showInSession(run: RunRow): void {
    if (run.kind !== "turn") return;
    const { sessions } = this.#parts;
    const session = sessions.get(run.session);
    const isFirst = session.title === null || run.start_us <= session.first_us;
    const title = (isFirst ? run.input_preview : null) ?? session.title;
    const model = run.model ?? session.model;
    // Spans of others come inside out: the outermost one, which names the agent, is the last.
    const isForeignFirst = isFirst && run.run_id === "";
    const agent = (isForeignFirst ? run.agent : session.agent) ?? session.agent ?? run.agent;
    if (title === session.title && model === session.model && agent === session.agent) return;
    session.title = title;
    session.model = model;
    session.agent = agent;
    sessions.change(session);
  }

  #addSession({ fields, when }: ReadSpan, session: SessionRow): void {
    const generation = fields.count("generation");
    session.opened_us = Math.max(session.opened_us ?? 0, when.fromUs);
    session.opened_generation ??= generation;
    if ((session.closed_us ?? 0) <= when.toUs) {
      session.closed_us = when.toUs;
      session.closed_generation = generation;
      session.end_reason = fields.text("endReason") ?? session.end_reason;
    }
    this.#parts.sessions.change(session);
  }
}

function addOwnRun({ span, fields, when }: ReadSpan, run: RunRow, previews: Previews): void {
  run.span_id = span.spanId;
  run.span_rank = 0;
  run.input_preview = previews.inputPreview;
  run.output_preview = previews.outputPreview;
  nameRun(run, fields);
  endRun(run, fields, when);
  run.error_message ??= span.status === STATUS_ERROR ? (span.statusMessage ?? null) : null;
}

/** The span that stands for a trace of others: the outermost of the most telling kind. */
function addForeignTop({ span, facts, when }: ReadSpan, run: RunRow, previews: Previews): void {
  const rank = 2 * turnRank[facts.kind] + (span.parentSpanId === undefined ? 0 : 1);
  if (rank > run.span_rank || (rank === run.span_rank && when.fromUs > run.start_us)) return;
  run.span_id = span.spanId;
  run.span_rank = rank;
  run.agent = facts.agent;
  run.outcome = span.status === STATUS_ERROR ? "failed" : "completed";
  run.error_type = facts.errorType;
  run.error_message = span.statusMessage ?? null;
  run.input_preview = previews.inputPreview ?? run.input_preview;
  run.output_preview = previews.outputPreview ?? run.output_preview;
}

/** Calls that other libraries tell have no price yet. */
function withPrice(facts: SpanFacts, span: SpanRow, price: Price): SpanFacts {
  const { provider, subject: model, usage } = facts;
  if (facts.isOwn || facts.nanoUsd !== null || usage === undefined || model === null) return facts;
  const at = Number(span.startNs / 1_000_000n);
  const priced = price({ provider: provider ?? undefined, model, at, usage: withoutNulls(usage) });
  if (priced === undefined) return facts;
  return { ...facts, nanoUsd: priced.nanoUsd, costSource: priced.source };
}

const withoutNulls = (usage: Usage): TokenUsage => ({
  inputTokens: usage.inputTokens ?? undefined,
  outputTokens: usage.outputTokens ?? undefined,
  cacheReadTokens: usage.cacheReadTokens ?? undefined,
  cacheWriteTokens: usage.cacheWriteTokens ?? undefined,
  reasoningTokens: usage.reasoningTokens ?? undefined,
});

/** Whether a span can only be priced with the price list, which is 50 MB and not loaded before it is needed. */
export function needsPrice(span: SpanRow): boolean {
  if (span.attributes.names.includes(ATTR_TURNSPAN_KIND)) return false;
  const { facts } = readSpan(span);
  return facts.usage !== undefined && facts.nanoUsd === null;
}
