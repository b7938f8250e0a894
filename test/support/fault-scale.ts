/** `npm run test:faults -- --quick`: fewer rounds of the same, for every commit. */
export const isQuick = process.env["TURNSPAN_FAULTS"] === "quick";

/** How many rounds are played: of the full number, or of the quick one. */
export const rounds = (full: number, quick: number): number => (isQuick ? quick : full);

/** How long a test may take: longer than it ever does on a slow machine that does other things too. */
export const within = (full: { readonly minutes: number }, quick = { minutes: 5 }) => ({
  timeout: 60_000 * (isQuick ? quick : full).minutes,
});

/** Numbers from 1 to `last`, as many as `count` and evenly spread. */
export function spread(last: number, count: number): number[] {
  return Array.from(
    { length: Math.min(count, last) },
    (_, n) => 1 + Math.floor((n * last) / Math.min(count, last)),
  );
}

/** Does something with every item, two at a time: the machines have two cores. */
export async function forEachTwo<T>(
  items: readonly T[],
  act: (item: T, at: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      await act(items[at] as T, at);
    }
  };
  await Promise.all([work(), work()]);
}

/** Says a figure of a fault test where whoever runs it sees it. */
export const report = (what: string, figures: Readonly<Record<string, number | string>>): void => {
  const text = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  console.log(`${what}: ${text.join(", ")}`);
};

/** A generator of numbers from 0 to 1 that can be started again: a red run can be played again. */
export function startRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
