import type { TurnSummary } from "../../server/api-types.ts";
import { findFirstCauses, type TimelineRow } from "./timeline.ts";

/** Why a turn did not end well, for the top of its page. */
export interface Explanation {
  readonly tone: "bad" | "stopped" | "quiet";
  readonly headline: string;
  readonly message: string | null;
  /** The step that went wrong first. */
  readonly cause: TimelineRow | undefined;
}

/** `undefined` where there is nothing to explain. */
export function explainTurn(
  turn: TurnSummary,
  rows: readonly TimelineRow[],
): Explanation | undefined {
  switch (turn.state) {
    case "failed":
      return explainFailure(turn, rows);
    case "abandoned":
      return {
        tone: "bad",
        headline: "The process that ran this turn died",
        message: turn.errorMessage ?? "Its end is the last sign of life.",
        cause: undefined,
      };
    case "blocked":
      return {
        tone: "stopped",
        headline: `Blocked by ${turn.blockHook === null ? "a guard" : `the guard ${turn.blockHook}`}`,
        message: turn.blockReason,
        cause: undefined,
      };
    case "cancelled":
      return {
        tone: "quiet",
        headline: "Stopped by the user or the host",
        message: turn.stopReason,
        cause: undefined,
      };
    case "running":
    case "completed":
      return undefined;
  }
}

function explainFailure(turn: TurnSummary, rows: readonly TimelineRow[]): Explanation {
  const cause = findFirstCauses(rows).findLast(
    (row) => row.span !== null && row.turn?.id !== turn.id,
  );
  const attempts = turn.attempts > 1 ? ` after ${turn.attempts} attempts` : "";
  return {
    tone: "bad",
    headline: `Failed${attempts}: ${turn.errorType ?? cause?.span?.errorType ?? "the kind of error was not told"}`,
    message: turn.errorMessage ?? cause?.span?.statusMessage ?? null,
    cause,
  };
}
