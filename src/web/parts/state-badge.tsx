import type { ReactNode } from "react";
import type { SessionState, TurnState } from "../../server/api-types.ts";
import { sessionStates, turnStates } from "../view-model/states.ts";
import "./state-badge.css";

type BadgeProps =
  | { readonly session: SessionState; readonly turn?: never }
  | { readonly turn: TurnState; readonly session?: never };

/** A state in a word, a colour and a sign. */
export function StateBadge({ session, turn }: BadgeProps): ReactNode {
  const { label, tone, means } = session === undefined ? turnStates[turn] : sessionStates[session];
  return (
    <span className={`badge tone-${tone}`} title={means}>
      <span className="badge-sign" />
      {label}
    </span>
  );
}
