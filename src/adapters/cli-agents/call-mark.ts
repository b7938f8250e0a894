import { hash } from "node:crypto";
import canonicalize from "canonicalize";

/** Names a tool call by its name and input, where the agent gives it no id. */
export const markCall = (name: string, input: unknown): string =>
  `${name}#${hash("sha256", canonicalize(input) ?? "").slice(0, 16)}`;

/** Where a call was made: a turn's number makes its calls others than those of all other turns. */
interface CallPlace {
  readonly run: string;
  /** Undefined for a subagent. */
  readonly turn: number | undefined;
}

/**
 * The id of the next call of a run that has a mark: by its number among those with the same. `taken` counts
 * them. Hooks and transcripts both make ids so, or the same call would be told twice.
 */
export function numberCall(
  taken: Map<string, number>,
  { run, turn }: CallPlace,
  mark: string,
): string {
  const key = `${run} ${mark}`;
  const number = taken.get(key) ?? 0;
  taken.set(key, number + 1);
  return turn === undefined ? `${mark}#${number}` : `${mark}#${turn}.${number}`;
}
