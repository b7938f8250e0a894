import type { ModelEnd, Usage } from "../../../../lifecycle/events.ts";
import { count, type Fields, record } from "../../fields.ts";

/** Counts as the program writes its own totals: input without what was read from or written to the cache. */
const FIELDS = [
  "inputTokens",
  "outputTokens",
  "thinkingTokens",
  "cacheReadInputTokens",
  "cacheCreationInputTokens",
  "cacheCreationEphemeral1hInputTokens",
] as const;
type Counts = Readonly<Record<(typeof FIELDS)[number], number>>;
type ByModel = Map<string, Counts>;

interface Totals {
  readonly time: number;
  /** Since the session began, by model. */
  readonly told: ByModel;
  /** What calls in the transcript explain of it, between the totals before and these. */
  readonly listed: ByModel;
}

/** Calls that the program counts and does not write down: compaction, titles, suggestions. */
export interface UnlistedCall {
  readonly time: number;
  readonly model: string;
  readonly usage: Usage;
}

/** Calls of known models are no larger; a sum of calls must not be priced as one large call. */
const MAX_INPUT_TOKENS = 200_000;
const MAX_PORTIONS = 10_000;

/**
 * Compares the totals that Claude Code writes when it exits with the calls in its transcript. What calls do
 * not explain was used all the same, at the latest when the totals were written.
 */
export class UnlistedUsage {
  readonly #totals: Totals[] = [];
  /** Calls since the last totals. */
  #listed: ByModel = new Map();
  #before: ByModel = new Map();
  #base: ByModel = new Map();

  addCall({ time, responseModel, usage }: ModelEnd): void {
    if (responseModel === undefined || usage === undefined) return;
    const totals = this.#totals.find((candidate) => candidate.time >= time);
    add(totals?.listed ?? this.#listed, responseModel, countsOf(usage));
  }

  /** Takes a `cost-state` line; it has no time of its own. */
  addTotals(line: Fields, time: number): void {
    if (!Number.isFinite(time)) return;
    const now = readTotals(line);
    // A program that lost its totals counts from nought again.
    if (isLess(now, this.#before)) addAll(this.#base, this.#before);
    this.#before = now;
    const told: ByModel = new Map(this.#base);
    addAll(told, now);
    this.#totals.push({ time, told, listed: this.#listed });
    this.#listed = new Map();
  }

  /**
   * Lists what is unexplained, each part under the first totals that contain it for certain. Nothing where
   * the transcript tells more of a model than the totals do: then they speak of different things. `open`:
   * calls that were not added yet.
   */
  calls(open: readonly ModelEnd[] = []): UnlistedCall[] {
    const totals = this.#totalsWith(open);
    const models = new Set(
      totals.flatMap(({ told, listed }) => [...told.keys(), ...listed.keys()]),
    );
    const byModel = [...models].map((model) => ({ model, counts: unexplained(totals, model) }));
    const isSound = byModel.every(({ counts }) => !isNegative(counts.at(-1) ?? NONE));
    return isSound ? byModel.flatMap(({ model, counts }) => this.#callsOf(model, counts)) : [];
  }

  #totalsWith(open: readonly ModelEnd[]): readonly Totals[] {
    const totals = this.#totals.map((each) => ({ ...each, listed: new Map(each.listed) }));
    for (const { time, responseModel, usage } of open) {
      const listed = totals.find((each) => each.time >= time)?.listed;
      if (listed && responseModel && usage) add(listed, responseModel, countsOf(usage));
    }
    return totals;
  }

  #callsOf(model: string, certain: Counts[]): UnlistedCall[] {
    for (let index = certain.length - 2; index >= 0; index -= 1) {
      certain[index] = combine(certain[index] ?? NONE, certain[index + 1] ?? NONE, Math.min);
    }
    return certain.flatMap((counts, index) => {
      const before = certain[index - 1] ?? NONE;
      const part = combine(counts, before, (a, b) => Math.max(0, a) - Math.max(0, b));
      const time = this.#totals[index]?.time ?? 0;
      return portions(part).map((usage) => ({ time, model, usage }));
    });
  }
}

/** What was told of a model by each total, less what calls explain. */
function unexplained(totals: readonly Totals[], model: string): Counts[] {
  let listed = NONE;
  return totals.map((each) => {
    listed = combine(listed, each.listed.get(model) ?? NONE, (a, b) => a + b);
    return combine(each.told.get(model) ?? NONE, listed, (a, b) => a - b);
  });
}

const countsFrom = (read: (field: (typeof FIELDS)[number]) => number): Counts => ({
  inputTokens: read("inputTokens"),
  outputTokens: read("outputTokens"),
  thinkingTokens: read("thinkingTokens"),
  cacheReadInputTokens: read("cacheReadInputTokens"),
  cacheCreationInputTokens: read("cacheCreationInputTokens"),
  cacheCreationEphemeral1hInputTokens: read("cacheCreationEphemeral1hInputTokens"),
});

const NONE = countsFrom(() => 0);

const combine = (a: Counts, b: Counts, join: (a: number, b: number) => number): Counts =>
  countsFrom((field) => join(a[field], b[field]));

function add(sums: ByModel, model: string, counts: Counts): void {
  sums.set(
    model,
    combine(sums.get(model) ?? NONE, counts, (a, b) => a + b),
  );
}

function addAll(sums: ByModel, more: ByModel): void {
  for (const [model, counts] of more) add(sums, model, counts);
}

/** The part kept for an hour is told of in fewer places than its whole. */
const isNegative = (counts: Counts): boolean =>
  counts.inputTokens < 0 ||
  counts.outputTokens < 0 ||
  counts.cacheReadInputTokens < 0 ||
  counts.cacheCreationInputTokens < 0;

const isLess = (now: ByModel, before: ByModel): boolean =>
  [...before].some(([model, counts]) =>
    FIELDS.some((field) => (now.get(model) ?? NONE)[field] < counts[field]),
  );

/** A model's name may end in the size of its window, in brackets; the answers' names do not. */
function readTotals(line: Fields): ByModel {
  const totals: ByModel = new Map();
  for (const [name, value] of Object.entries(record(line["modelUsage"]))) {
    const counts = record(value);
    add(
      totals,
      name.replace(/\[\w+\]$/, ""),
      countsFrom((field) => count(counts[field]) ?? 0),
    );
  }
  return totals;
}

const countsOf = (usage: Usage): Counts => ({
  inputTokens:
    (usage.inputTokens ?? 0) - (usage.cacheReadTokens ?? 0) - (usage.cacheWriteTokens ?? 0),
  outputTokens: usage.outputTokens ?? 0,
  thinkingTokens: usage.reasoningTokens ?? 0,
  cacheReadInputTokens: usage.cacheReadTokens ?? 0,
  cacheCreationInputTokens: usage.cacheWriteTokens ?? 0,
  cacheCreationEphemeral1hInputTokens: usage.cacheWrite1hTokens ?? 0,
});

/** Cuts a sum of calls into equal parts that may each have been one call. */
function portions(sum: Counts): Usage[] {
  const tokens = sum.inputTokens + sum.cacheReadInputTokens + sum.cacheCreationInputTokens;
  if (tokens + sum.outputTokens === 0) return [];
  const parts = Math.min(MAX_PORTIONS, Math.max(1, Math.ceil(tokens / MAX_INPUT_TOKENS)));
  return Array.from({ length: parts }, (_, index) =>
    toUsage(
      countsFrom((field) => Math.floor(sum[field] / parts) + (index < sum[field] % parts ? 1 : 0)),
    ),
  );
}

const toUsage = (counts: Counts): Usage => ({
  inputTokens: counts.inputTokens + counts.cacheReadInputTokens + counts.cacheCreationInputTokens,
  outputTokens: counts.outputTokens,
  cacheReadTokens: counts.cacheReadInputTokens,
  cacheWriteTokens: counts.cacheCreationInputTokens,
  cacheWrite1hTokens: Math.min(
    counts.cacheCreationEphemeral1hInputTokens,
    counts.cacheCreationInputTokens,
  ),
  reasoningTokens: Math.min(counts.thinkingTokens, counts.outputTokens),
});
