import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Totals } from "../api-types.ts";
import type { SpanRow } from "../otlp/rows.ts";
import type { SpanFacts, Usage } from "../reading/span-facts.ts";
import { addTotals } from "../reading/totals.ts";
import type { StoreParts } from "./parts.ts";
import type { RunRow } from "./runs.ts";

/** A call whose share is taken back. */
interface CountedCall extends Usage {
  readonly id: number;
  readonly kind: string;
  readonly atUs: number;
  readonly project: string | null;
  readonly agent: string | null;
  readonly provider: string | null;
  readonly subject: string | null;
  readonly nanoUsd: number | null;
}

const CALL = `
  id, kind, start_ns / 1000 as atUs, project, agent, provider, subject,
  input_tokens as inputTokens, output_tokens as outputTokens,
  cache_read_tokens as cacheReadTokens, cache_write_tokens as cacheWriteTokens,
  reasoning_tokens as reasoningTokens, nano_usd as nanoUsd`;
const FOREIGN_OF_RUN = `select ${CALL} from span
  where trace_id = :traceId and run = :run and own = 0 and counted = 1`;
const CALLS_UNDER = `
  select ${CALL} from span
  where trace_id = :traceId and parent_span_id = :spanId and kind = 'model_call' and own = 0
    and counted = 1`;
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
    const { kind, agent, provider, subject, nanoUsd, usage } = facts;
    const { atUs, project } = at;
    this.#addShare({ kind, agent, provider, subject, nanoUsd, atUs, project }, usage, run, 1);
  }

  /** From when we are told of a run's calls ourselves, those of other libraries count no more. */
  preferOwn(run: RunRow): void {
    if (run.own_calls === 1) return;
    run.own_calls = 1;
    if (run.foreign_calls === 0) return;
    this.#takeBack(
      this.#foreignOfRun.all({ traceId: run.trace_id, run: run.id }) as unknown as CountedCall[],
      run,
    );
  }

  #takeBack(calls: readonly CountedCall[], run: RunRow): void {
    for (const call of calls) {
      this.#addShare(call, call, run, -1);
      this.#uncount.run({ id: call.id });
      run.foreign_calls -= 1;
    }
  }

  #addShare(call: Share, usage: Usage | undefined, run: RunRow, sign: 1 | -1): void {
    const totals = shareOf(call, usage);
    addTotals(run.seen, totals, sign);
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
>;

/** What one call adds to all sums. */
function shareOf(call: Share, usage: Usage | undefined): Totals {
  const isTool = call.kind === "tool_call";
  const isUnknown = !isTool && call.nanoUsd === null;
  return {
    modelCalls: isTool ? 0 : 1,
    toolCalls: isTool ? 1 : 0,
    inputTokens: usage?.inputTokens ?? 0,
    outputTokens: usage?.outputTokens ?? 0,
    cacheReadTokens: usage?.cacheReadTokens ?? 0,
    cacheWriteTokens: usage?.cacheWriteTokens ?? 0,
    reasoningTokens: usage?.reasoningTokens ?? 0,
    nanoUsd: isTool ? 0 : (call.nanoUsd ?? 0),
    unknownCostCalls: isUnknown ? 1 : 0,
  };
}
