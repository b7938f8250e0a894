/** Keys and chords: `g s` is one key after another. */

/** A key may be followed by the rest of a chord for this long. */
const CHORD_MS = 1500;

export interface KeyPress {
  readonly key: string;
  readonly timeMs: number;
}

export type KeyMatch =
  | { readonly type: "run"; readonly place: number }
  | { readonly type: "begun" }
  | { readonly type: "none" };

/** Matches what was pressed last, and the key before it, with lists of chords such as `"j"` or `"g s"`. */
export function matchKeys(
  chords: readonly (readonly string[])[],
  pressed: KeyPress,
  before: KeyPress | undefined,
): KeyMatch {
  const isFresh = before !== undefined && pressed.timeMs - before.timeMs <= CHORD_MS;
  const find = (wanted: string): number => chords.findIndex((keys) => keys.includes(wanted));
  const chord = isFresh ? find(`${before.key} ${pressed.key}`) : -1;
  if (chord !== -1) return { type: "run", place: chord };
  if (chords.flat().some((one) => one.startsWith(`${pressed.key} `))) return { type: "begun" };
  const single = find(pressed.key);
  return single === -1 ? { type: "none" } : { type: "run", place: single };
}

/** The place after a step in a list of some length; without one chosen, the first or the last. */
export function stepIn(length: number, from: number, by: number): number {
  if (length === 0) return -1;
  if (from < 0) return by > 0 ? 0 : length - 1;
  return Math.min(Math.max(from + by, 0), length - 1);
}
