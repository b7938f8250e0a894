import type { Usage } from "../../lifecycle/events.ts";
import type { CallMark, SeenCalls } from "./seen-calls.ts";
import type { TranscriptCall } from "./transcript.ts";

/** An agent repeats a call within a few lines; a call that is this far behind is complete. */
const MAX_OPEN = 128;

/** The calls of one session that further lines may still complete. */
export class OpenCalls {
  readonly #seen: SeenCalls;
  readonly #reader: number;
  readonly #open = new Map<string, TranscriptCall>();
  #settled: TranscriptCall[] = [];
  #foreign = 0;

  /** `reader`: the same for all that one reader has open. */
  constructor(seen: SeenCalls, reader = seen.addReader()) {
    this.#seen = seen;
    this.#reader = reader;
  }

  /** Calls that another session had told before. */
  get foreign(): number {
    return this.#foreign;
  }

  /** Takes what a line says of a call: a new one, more of an open one, or a repetition. */
  note(mark: CallMark, call: TranscriptCall): void {
    const key = this.#seen.keyOf(mark, this.#reader);
    const open = this.#open.get(key);
    if (open !== undefined) {
      this.#open.set(key, mergeCalls(open, call));
      return;
    }
    const owner = this.#seen.ownerOf(key);
    if (owner !== undefined) {
      if (owner !== this.#reader) this.#foreign += 1;
      return;
    }
    this.#seen.add(key, mark, this.#reader);
    this.#open.set(key, call);
    if (this.#open.size > MAX_OPEN) this.#settleOldest();
  }

  /** Whether a call was told of before, in whatever session. */
  has(mark: CallMark): boolean {
    return this.#seen.ownerOf(this.#seen.keyOf(mark, this.#reader)) !== undefined;
  }

  /** All calls that were not taken yet, as they stand. */
  rest(): readonly TranscriptCall[] {
    return [...this.#settled, ...this.#open.values()];
  }

  /** Takes the calls that are complete. */
  takeSettled(): TranscriptCall[] {
    const settled = this.#settled;
    if (settled.length > 0) this.#settled = [];
    return settled;
  }

  /** Takes all calls: nothing more is expected of any. */
  takeAll(): TranscriptCall[] {
    const all = [...this.takeSettled(), ...this.#open.values()];
    this.#open.clear();
    return all;
  }

  #settleOldest(): void {
    const oldest = this.#open.entries().next();
    if (oldest.done) return;
    this.#open.delete(oldest.value[0]);
    this.#settled.push(oldest.value[1]);
  }
}

/** Lines written while an answer streams have counts that are not final: the greater one is. */
function mergeCalls(known: TranscriptCall, told: TranscriptCall): TranscriptCall {
  const isLater = told.end.time > known.end.time;
  const [early, late] = isLater ? [known, told] : [told, known];
  const usage = greaterUsage(known.end.usage, told.end.usage);
  const subagent = known.subagent ?? told.subagent;
  return {
    ...late,
    subagent,
    end: {
      ...late.end,
      usage,
      model: late.end.model ?? early.end.model,
      responseModel: late.end.responseModel ?? early.end.responseModel,
      finishReasons: late.end.finishReasons ?? early.end.finishReasons,
      durationMs: late.end.durationMs ?? early.end.durationMs,
      cost: late.end.cost ?? early.end.cost,
    },
  };
}

function greaterUsage(known: Usage | undefined, told: Usage | undefined): Usage | undefined {
  if (known === undefined || told === undefined) return known ?? told;
  const outputs = (told.outputTokens ?? 0) - (known.outputTokens ?? 0);
  if (outputs !== 0) return outputs > 0 ? told : known;
  return (told.inputTokens ?? 0) > (known.inputTokens ?? 0) ? told : known;
}
