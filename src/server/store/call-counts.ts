import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Totals } from "../api-types.ts";
import type { SpanRow } from "../otlp/rows.ts";
import type { SpanFacts } from "../reading/span-facts.ts";
import { addTotals, createTotals } from "../reading/totals.ts";
import type { StoreParts } from "./parts.ts";
import type { RunRow } from "./runs.ts";
import { setTotals, totalsOf } from "./total-columns.ts";

/** A call whose share is taken back. */
interface CountedCall {
  readonly id: number;
  readonly kind: string;
  readonly atUs: number;
  readonly project: string | null;
  readonly agent: string | null;
  readonly provider: string | null;
  readonly subject: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cacheReadTokens: number | null;
  readonly cacheWriteTokens: number | null;
  readonly reasoningTokens: number | null;
  readonly nanoUsd: number | null;
}

const CALL = `
  id, kind, start_ns / 1000 as atUs, project, agent, provider, subject,
  input_tokens as inputTokens, output_tokens as outputTokens,
  cache_read_tokens as cacheReadTokens, cache_write_tokens as cacheWriteTokens,
  reasoning_tokens as reasoningTokens, nano_usd as nanoUsd`;
const FOREIGN_OF_RUN = `select ${CALL} from span where run = :run and own = 0 and counted = 1`;
const CALLS_UNDER = `
  select ${CALL} from span
  where trace_id = :traceId and parent_span_id = :spanId and kind = 'model_call' and counted = 1`;
const IS_CALL = `
  select 1 from span where trace_id = :traceId and span_id = :spanId and kind = 'model_call'`;
const UNCOUNT = "update span set counted = 0 where id = :id";

/**
 * Decides which calls are in the sums. Two libraries may tell of the same call: one inside the other, or both
 * beside us. Each call counts once: the outer one, and ours before theirs.
 */
export class CallCounts {
  readonly #parts: StoreParts;
  readonly #foreignOfRun: StatementSync;
  readonly #callsUnder: StatementSync;
  readonly #isCall: StatementSync;
  readonly #uncount: StatementSync;

  constructor(database: DatabaseSync, parts: StoreParts) {
    this.#parts = parts;
    this.#foreignOfRun = database.prepare(FOREIGN_OF_RUN);
    this.#callsUnder = database.prepare(CALLS_UNDER);
    this.#isCall = database.prepare(IS_CALL);
    this.#uncount = database.prepare(UNCOUNT);
  }

  /** Whether a call that is new counts. Takes back those that it turns out to hold. */
  isCounted(span: SpanRow, { kind, isOwn }: SpanFacts, run: RunRow): boolean {
    if (kind !== "model_call" && kind !== "tool_call") return false;
    if (isOwn) return true;
    if (run.own_calls === 1) return false;
    if (kind === "tool_call") return true;
    const { traceId, spanId, parentSpanId } = span;
    if (parentSpanId && this.#isCall.get({ traceId, spanId: parentSpanId })) return false;
    this.#takeBack(this.#callsUnder.all({ traceId, spanId }) as unknown as CountedCall[], run);
    return true;
  }

  add(facts: SpanFacts, run: RunRow, at: Pick<CountedCall, "atUs" | "project">): void {
    if (!facts.isOwn) run.foreign_calls += 1;
    this.#addShare({ ...facts, ...facts.usage, ...at }, run, 1);
  }

  /** From when we are told of a run's calls ourselves, those of other libraries count no more. */
  preferOwn(run: RunRow): void {
    if (run.own_calls === 1) return;
    run.own_calls = 1;
    if (run.foreign_calls === 0) return;
    this.#takeBack(this.#foreignOfRun.all({ run: run.id }) as unknown as CountedCall[], run);
  }

  #takeBack(calls: readonly CountedCall[], run: RunRow): void {
    for (const call of calls) {
      this.#addShare(call, run, -1);
      this.#uncount.run({ id: call.id });
      run.foreign_calls -= 1;
    }
  }

  #addShare(call: Share, run: RunRow, sign: 1 | -1): void {
    const totals = shareOf(call);
    setTotals(run, addTotals(totalsOf(run, "seen_"), totals, sign), "seen_");
    if (call.kind !== "model_call") return;
    const place = {
      atUs: call.atUs,
      project: call.project ?? "",
      agent: call.agent ?? "",
      provider: call.provider ?? "",
      model: call.subject ?? "",
    };
    this.#parts.rollups.addCost(place, totals, sign);
  }
}

type Share = Pick<
  CountedCall,
  "kind" | "atUs" | "project" | "agent" | "provider" | "subject" | "nanoUsd"
> &
  Partial<CountedCall>;

/** What one call adds to all sums. */
function shareOf(call: Share): Totals {
  const totals = createTotals();
  if (call.kind === "tool_call") return { ...totals, toolCalls: 1 };
  totals.modelCalls = 1;
  totals.inputTokens = call.inputTokens ?? 0;
  totals.outputTokens = call.outputTokens ?? 0;
  totals.cacheReadTokens = call.cacheReadTokens ?? 0;
  totals.cacheWriteTokens = call.cacheWriteTokens ?? 0;
  totals.reasoningTokens = call.reasoningTokens ?? 0;
  if (call.nanoUsd === null) totals.unknownCostCalls = 1;
  else totals.nanoUsd = call.nanoUsd;
  return totals;
}
