/** What is timed in this process: one way of doing the same work. */
export interface Variant {
  readonly name: string;
  readonly run: () => unknown;
}

/** What is timed anywhere: gives the microseconds of CPU time of one run, after doing `runs` of them. */
export interface Timed {
  readonly name: string;
  readonly time: (runs: number) => Promise<number>;
}

export interface Timing {
  readonly rounds: number;
  /** Runs of each variant in each round. */
  readonly runs: number;
  /** Runs of each variant before the first round. Default: two rounds' worth. */
  readonly warmUpRuns?: number;
}

/** Microseconds of one run, a number a round. */
export type Samples = ReadonlyMap<string, readonly number[]>;

/** Ends of the middle 80 %. */
export interface Spread {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

/** Times variants of this process; see `timeInTurn`. */
export const timeVariants = (variants: readonly Variant[], timing: Timing): Promise<Samples> =>
  timeInTurn(
    variants.map(({ name, run }) => ({ name, time: (runs) => timeOf(run, runs) })),
    timing,
  );

/**
 * CPU time of every variant in every round, in turn, so that a busy machine or a hot one hits all alike.
 * Benches run with `--single-threaded-gc`: the time is the main thread's, all its garbage included.
 */
export async function timeInTurn(
  variants: readonly Timed[],
  { rounds, runs, warmUpRuns = 2 * runs }: Timing,
): Promise<Samples> {
  const samples = new Map(variants.map(({ name }) => [name, [] as number[]]));
  for (const { time } of variants) await time(warmUpRuns);
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, time } of rotated(variants, round)) {
      samples.get(name)?.push(await time(runs));
    }
  }
  return samples;
}

/** Each round begins with another one: nobody always runs after the same neighbour. */
function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

/** CPU time of this process for one run, in microseconds. */
export async function timeOf(run: () => unknown, runs: number): Promise<number> {
  // What the one before left behind is not this one's to clear.
  await globalThis.gc?.({ type: "minor", execution: "async" });
  const before = process.cpuUsage();
  for (let done = 0; done < runs; done += 1) await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / runs;
}

/** How often the base's time a variant took, a number a round. */
export function ratiosTo(samples: Samples, base: string, name: string): readonly number[] {
  const bases = samples.get(base) ?? [];
  return (samples.get(name) ?? []).map((value, round) => value / (bases[round] ?? Number.NaN));
}

export const ratioTo = (samples: Samples, base: string, name: string): Spread =>
  spreadOf(ratiosTo(samples, base, name));

/** Where the median would be in 95 of 100 such measurements: of sorted values a normal distribution's ranks. */
export function medianInterval(values: readonly number[]): string {
  const sorted = values.toSorted((one, other) => one - other);
  const reach = 0.98 * Math.sqrt(sorted.length);
  const at = (rank: number): string => (sorted[Math.round(rank)] ?? Number.NaN).toFixed(3);
  const middle = (sorted.length - 1) / 2;
  return `${at(middle - reach)}..${at(middle + reach)}`;
}

export const timeSpread = (samples: Samples, name: string): Spread =>
  spreadOf(samples.get(name) ?? []);

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number): number =>
    sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
  return { median: at(0.5), p10: at(0.1), p90: at(0.9) };
}

/** `--quick` is for looking whether a bench works: its figures say little. */
export const roundsFor = (rounds: number): number =>
  process.argv.includes("--quick") ? Math.ceil(rounds / 10) : rounds;
