import type { CostQuery } from "../api-queries.ts";
import type { CostReport, CostRow, CostTotals, UnknownPrice } from "../api-report-types.ts";
import { addTotals, createTotals } from "../reading/totals.ts";
import { BUCKET_US } from "../store/schema.ts";
import { totalColumnNames, totalsOf } from "../store/total-columns.ts";
import { type Day, listDays } from "./days.ts";
import { orNull, type StoreReader } from "./reader.ts";

type KeyName = "project" | "agent" | "model";

/** Sums of one key over some time. */
interface SumRow {
  readonly key: string | null;
  readonly provider: string;
}

const sums = totalColumnNames.map((name) => `sum(${name}) as ${name}`).join(", ");
const WHERE = `
  where bucket >= :fromBucket and bucket < :toBucket
    and (:project is null or project = :project) and (:agent is null or agent = :agent)`;

/** A statement for each way to ask; a model is told apart by who serves it. */
const statements = {
  project: `select project as key, '' as provider, ${sums} from cost_roll ${WHERE} group by project`,
  agent: `select agent as key, '' as provider, ${sums} from cost_roll ${WHERE} group by agent`,
  model: `select model as key, provider, ${sums} from cost_roll ${WHERE} group by model, provider`,
} as const satisfies Record<KeyName, string>;

/** One row, whether there is anything or not. */
const ALL = `select null as key, '' as provider, ${sums} from cost_roll ${WHERE}`;
const UNKNOWN = `
  select provider, model, sum(unknown_cost_calls) as calls,
    sum(model_calls) - sum(unknown_cost_calls) as pricedCalls,
    sum(input_tokens) + sum(output_tokens) as tokens
  from cost_roll ${WHERE}
  group by provider, model having sum(unknown_cost_calls) > 0 order by calls desc limit 100`;

const DAY_MS = 86_400_000;
const DEFAULT_RANGE_MS = 30 * DAY_MS;
/** As long as sums are kept. A list of all days since 1970 would take the server's thread for seconds. */
const MAX_RANGE_MS = 400 * DAY_MS;

/** The span of time that is asked for, or its last 400 days. */
export function readRange(
  query: Pick<CostQuery, "from" | "to">,
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number } {
  const toMs = query.to ?? nowMs;
  const fromMs = Math.min(query.from ?? toMs - DEFAULT_RANGE_MS, toMs);
  return { fromMs: Math.max(fromMs, toMs - MAX_RANGE_MS), toMs };
}

const bucketOf = (ms: number): number => Math.floor((ms * 1000) / BUCKET_US);

/** The buckets that a range touches: whole quarters of an hour. */
export const bucketsOf = (fromMs: number, toMs: number) => ({
  fromBucket: bucketOf(fromMs),
  toBucket: Math.ceil((toMs * 1000) / BUCKET_US),
});

export function reportCost(store: StoreReader, query: CostQuery, nowMs: number): CostReport {
  const { by, split, tz } = query;
  const { fromMs, toMs } = readRange(query, nowMs);
  const filter = {
    ...bucketsOf(fromMs, toMs),
    project: orNull(query.project),
    agent: orNull(query.agent),
  };
  const rows =
    by === "day"
      ? byDay(
          store,
          filter,
          split === undefined ? ALL : statements[split],
          listDays(fromMs, toMs, tz),
        )
      : store.spans.all<SumRow>(statements[by], filter).map((row) => toRow(row, undefined));
  const total = createTotals();
  for (const { totals } of rows) addTotals(total, { ...totals, toolCalls: 0 });
  return {
    ...{ by, fromMs, toMs, timeZone: tz },
    rows:
      by === "day"
        ? rows
        : rows.toSorted((one, other) => other.totals.nanoUsd - one.totals.nanoUsd),
    total: withoutTools(total),
    unknownPrices: store.spans.all<UnknownRow>(UNKNOWN, filter).map(toUnknownPrice),
  };
}

interface CostFilter extends ReturnType<typeof bucketsOf> {
  readonly project: string | null;
  readonly agent: string | null;
}

/** Asks for each day apart: what the rows of a day sum up to is added where they lie. */
const byDay = (
  store: StoreReader,
  filter: CostFilter,
  statement: string,
  days: readonly Day[],
): CostRow[] =>
  days.flatMap((day, at) => {
    const next = days[at + 1];
    const ofDay = {
      ...filter,
      fromBucket: Math.max(filter.fromBucket, bucketOf(day.startMs)),
      toBucket: next === undefined ? filter.toBucket : bucketOf(next.startMs),
    };
    return store.spans.all<SumRow>(statement, ofDay).map((row) => toRow(row, day));
  });

const toRow = (row: SumRow, day: Day | undefined): CostRow => ({
  day: day?.name ?? null,
  dayStartMs: day?.startMs ?? null,
  key: row.key || null,
  provider: row.provider || null,
  totals: withoutTools(totalsOf(row)),
});

const withoutTools = ({ toolCalls: _, ...totals }: ReturnType<typeof createTotals>): CostTotals =>
  totals;

interface UnknownRow {
  readonly provider: string;
  readonly model: string;
  readonly calls: number;
  readonly pricedCalls: number;
  readonly tokens: number;
}

/** A model whose other calls were priced has a price; where no call told tokens, none would help. */
function toUnknownPrice({ provider, model, calls, pricedCalls, tokens }: UnknownRow): UnknownPrice {
  const isPriceMissing = pricedCalls <= 0 && tokens > 0;
  return {
    provider: provider || null,
    model: model || null,
    calls,
    missing: isPriceMissing ? "price" : "tokens",
    command: isPriceMissing && model !== "" ? priceCommand(model, provider) : null,
  };
}

/** Names are others' words: quoted as a shell needs it, or it would run them. */
const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

const priceCommand = (model: string, provider: string): string =>
  [
    "turnspan prices add",
    quote(model),
    ...(provider === "" ? [] : ["--provider", quote(provider)]),
    "--input USD --output USD",
  ].join(" ");
