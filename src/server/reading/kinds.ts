import { foreignKinds } from "../../semconv/read-names.ts";
import * as own from "../../semconv/turnspan.ts";
import type { Fields } from "./fields.ts";

/**
 * What a span is. `agent` and `chain` are of other instrumentations: whether one is the turn, a subagent or
 * nothing of note is known when the whole trace is, so it is told when the trace is read. `step` is any
 * other part of an agent's work.
 */
export type StoredKind =
  | "session"
  | "turn"
  | "subagent"
  | "model_call"
  | "tool_call"
  | "agent"
  | "chain"
  | "step"
  | "other";

const ownKinds: ReadonlyMap<string, StoredKind> = new Map([
  [own.TURNSPAN_KIND_VALUE_SESSION, "session"],
  [own.TURNSPAN_KIND_VALUE_TURN, "turn"],
  [own.TURNSPAN_KIND_VALUE_SUBAGENT, "subagent"],
  [own.TURNSPAN_KIND_VALUE_MODEL_CALL, "model_call"],
  [own.TURNSPAN_KIND_VALUE_TOOL_CALL, "tool_call"],
]);

type ForeignField = keyof typeof foreignKinds;

const foreign: readonly (readonly [ForeignField, ReadonlyMap<string, StoredKind>])[] = (
  Object.keys(foreignKinds) as ForeignField[]
).map((field) => [field, new Map(Object.entries<StoredKind>(foreignKinds[field]))]);

/** Tells the kind of a span, and whether it is one of ours. */
export function readKind(fields: Fields): { readonly kind: StoredKind; readonly isOwn: boolean } {
  const named = ownKinds.get(fields.text("ownKind") ?? "");
  if (named !== undefined) return { kind: named, isOwn: true };
  for (const [field, kinds] of foreign) {
    const value = fields.text(field);
    const kind = value === null ? undefined : kinds.get(value);
    if (kind !== undefined) return { kind, isOwn: false };
  }
  // Old instrumentations name no operation, but count tokens of a model.
  const isCall = fields.text("requestModel") !== null && fields.count("inputTokens") !== null;
  return { kind: isCall ? "model_call" : "other", isOwn: false };
}

/** Which of two spans stands for the trace as its turn: an agent's before a chain's before a call's. */
export const turnRank: Readonly<Record<StoredKind, number>> = {
  session: 9,
  turn: 0,
  subagent: 9,
  agent: 1,
  chain: 1,
  step: 3,
  model_call: 2,
  tool_call: 2,
  other: 9,
};
