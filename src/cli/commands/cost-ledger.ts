import type { TranscriptCall } from "../../adapters/cli-agents/transcript.ts";
import type { Usage } from "../../lifecycle/events.ts";
import type { PriceBook } from "../../pricing/price-book.ts";
import type { Calendar } from "./cost-period.ts";

/** What model calls used and cost. Money is in integer nano-dollars. */
export interface Amounts {
  calls: number;
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  cacheWrite1hTokens: number;
  reasoningTokens: number;
  nanoUsd: number;
  /** Calls of no known price; they are in no cost figure. */
  unknownPriceCalls: number;
}

export const createAmounts = (): Amounts => ({
  calls: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  cacheWrite1hTokens: 0,
  reasoningTokens: 0,
  nanoUsd: 0,
  unknownPriceCalls: 0,
});

/** A session as its calls show it. */
export interface SessionCost {
  readonly agent: string;
  readonly sessionId: string;
  /** Where its first call was made. */
  cwd: string | undefined;
  firstMs: number;
  lastMs: number;
}

/** Everything that sums can be asked by; one for all calls that have all of it in common. */
export interface Cell {
  readonly session: SessionCost;
  readonly day: string;
  readonly model: string | undefined;
  readonly provider: string | undefined;
  readonly branch: string | undefined;
  readonly subagent: string | undefined;
  readonly amounts: Amounts;
}

export interface LedgerOptions {
  readonly price: PriceBook["price"];
  readonly calendar: Calendar;
  /** Calls before this are left out. */
  readonly sinceMs: number;
}

/** Sums up calls: whatever they are asked by afterwards, it is the same calls. */
export class CostLedger {
  readonly #options: LedgerOptions;
  readonly #sessions = new Map<string, SessionCost>();
  readonly #cells = new Map<string, Cell>();

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  get cells(): readonly Cell[] {
    return [...this.#cells.values()];
  }

  add(call: TranscriptCall): void {
    const { usage, time } = call.end;
    if (usage === undefined || time < this.#options.sinceMs) return;
    const { amounts } = this.#cellOf(call);
    addUsage(amounts, usage);
    amounts.calls += 1;
    const nanoUsd = this.#priceOf(call, usage);
    if (nanoUsd === undefined) amounts.unknownPriceCalls += 1;
    else amounts.nanoUsd += nanoUsd;
  }

  /** By the model that answered, at the call's date; the agent's own figure wins. */
  #priceOf({ end }: TranscriptCall, usage: Usage): number | undefined {
    const model = end.responseModel ?? end.model;
    if (end.cost !== undefined || model === undefined) return end.cost?.nanoUsd;
    const { provider, time } = end;
    return this.#options.price({ provider, model, at: time, usage })?.nanoUsd;
  }

  #cellOf(call: TranscriptCall): Cell {
    const { branch, subagent, end } = call;
    const session = this.#sessionOf(call);
    const day = this.#options.calendar.dayOf(end.time);
    const model = end.responseModel ?? end.model;
    const { provider } = end;
    const key = [call.agent, call.sessionId, day, model, provider, branch, subagent].join("\0");
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    const amounts = createAmounts();
    const cell: Cell = { session, day, model, provider, branch, subagent, amounts };
    this.#cells.set(key, cell);
    return cell;
  }

  #sessionOf({ agent, sessionId, cwd, end: { time } }: TranscriptCall): SessionCost {
    const key = `${agent} ${sessionId}`;
    const known = this.#sessions.get(key);
    if (known === undefined) {
      const session = { agent, sessionId, cwd, firstMs: time, lastMs: time };
      this.#sessions.set(key, session);
      return session;
    }
    if (time < known.firstMs) {
      known.firstMs = time;
      known.cwd = cwd ?? known.cwd;
    }
    if (time > known.lastMs) known.lastMs = time;
    return known;
  }
}

function addUsage(amounts: Amounts, usage: Usage): void {
  amounts.inputTokens += usage.inputTokens ?? 0;
  amounts.outputTokens += usage.outputTokens ?? 0;
  amounts.cacheReadTokens += usage.cacheReadTokens ?? 0;
  amounts.cacheWriteTokens += usage.cacheWriteTokens ?? 0;
  amounts.cacheWrite1hTokens += usage.cacheWrite1hTokens ?? 0;
  amounts.reasoningTokens += usage.reasoningTokens ?? 0;
}

/** Adds one sum to another. */
export function addAmounts(sum: Amounts, more: Amounts): void {
  for (const field of Object.keys(more) as (keyof Amounts)[]) sum[field] += more[field];
}
