import type { ReactNode } from "react";
import type { SessionSummary, TurnState } from "../../server/api-types.ts";
import { showSession, turnStates } from "../view-model/states.ts";
import "./state-badge.css";

type BadgeProps =
  | { readonly session: SessionSummary; readonly turn?: never }
  | { readonly turn: TurnState; readonly session?: never };

/** A state in a word, a colour and a sign. */
export function StateBadge({ session, turn }: BadgeProps): ReactNode {
  const { label, tone, means } = session === undefined ? turnStates[turn] : showSession(session);
  return (
    <span className={`badge tone-${tone}`} title={means}>
      <span className="badge-sign" />
      {label}
    </span>
  );
}
