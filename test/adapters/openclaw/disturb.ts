const MAX_DELAY_MS = 2_000;
const DOUBLED = 0.2;

/** A small seeded generator of numbers in [0, 1): a failing seed can be run again. */
export function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ARRIVAL = /^\{"t":(\d+)/;
const DELAYED = /"kind":"(?:diag|internalDiag)"/;

interface Line {
  readonly arrival: number;
  readonly text: string;
}

function delayed(line: Line, random: () => number): Line {
  if (!DELAYED.test(line.text)) return line;
  const arrival = line.arrival + Math.floor(random() * (MAX_DELAY_MS + 1));
  return { arrival, text: line.text.replace(ARRIVAL, `{"t":${arrival}`) };
}

/** Lines of one arrival permuted, diagnostics up to two seconds late, any line twice. */
export function disturb(lines: readonly string[], random: () => number): string[] {
  let arrival = 0;
  const disturbed = lines.flatMap((text) => {
    arrival = Number(ARRIVAL.exec(text)?.[1] ?? arrival);
    const line = { arrival, text };
    const copies = random() < DOUBLED ? [line, line] : [line];
    return copies.map((copy) => ({ ...delayed(copy, random), at: random() }));
  });
  return disturbed
    .toSorted((a, b) => a.arrival - b.arrival || a.at - b.at)
    .map((line) => line.text);
}
