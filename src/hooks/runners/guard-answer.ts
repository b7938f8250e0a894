import type { GuardAnswer } from "../entry.ts";

/** Longest reason that is kept of what a program or a server says. */
const MAX_REASON = 500;

/**
 * Ours is `{abort, reason}`. CLI agents say `{decision: "block" | "deny", reason}` or
 * `{continue: false, stopReason}`. Throws where one of these is none of what it may be.
 */
export function toAnswer(said: object): GuardAnswer | undefined {
  const fields: Readonly<Record<string, unknown>> = { ...said };
  const { abort, decision, reason, stopReason } = fields;
  if (abort === true || BLOCKING.has(decision)) return { abort: true, reason: textOf(reason) };
  if (fields["continue"] === false) return { abort: true, reason: textOf(stopReason ?? reason) };
  if (abort != null && abort !== false) throw new TypeError("abort is neither true nor false");
  if (decision != null && !PASSING.has(decision)) {
    throw new TypeError(`decision is neither ${[...BLOCKING, ...PASSING].join(" nor ")}`);
  }
  return undefined;
}

const BLOCKING: ReadonlySet<unknown> = new Set(["block", "deny"]);
const PASSING: ReadonlySet<unknown> = new Set(["approve", "allow", "ask"]);

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value.slice(0, MAX_REASON) : undefined;
