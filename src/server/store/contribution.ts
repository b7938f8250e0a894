import { UNCOUNTED_TRIGGERS } from "../../semconv/turnspan.ts";
import type { Totals } from "../api-types.ts";
import { addTotals, createTotals, isZero } from "../reading/totals.ts";
import type { Rollups } from "./rollups.ts";
import type { RunRow } from "./runs.ts";
import type { SessionRow, Sessions } from "./sessions.ts";

/**
 * What a run adds to its session and to the rollups. It is kept beside the run, so that a change of the run
 * adds no more than the difference, and nothing is ever summed up anew.
 */
export interface Contribution {
  readonly session: number;
  readonly turns: number;
  readonly failedTurns: number;
  readonly runningTurns: number;
  readonly subagents: number;
  readonly totals: Totals;
  /** Calls that the run's end tells of, and no span. */
  readonly unseen: Totals;
  /** Under which the rollups have the two; undefined where the run has no end yet. */
  readonly place: Place | undefined;
  readonly outcome: string;
  readonly durationUs: number;
}

interface Place {
  readonly atUs: number;
  readonly project: string;
  readonly agent: string;
  readonly provider: string;
  readonly model: string;
}

/** The sums of a run: over its calls' spans, or what its end said where some of those are missing. */
function sumsOf(run: RunRow): { readonly totals: Totals; readonly unseen: Totals } {
  const { seen, recorded } = run;
  if (recorded.modelCalls <= seen.modelCalls) {
    return {
      totals: { ...seen, toolCalls: Math.max(seen.toolCalls, recorded.toolCalls) },
      unseen: createTotals(),
    };
  }
  return {
    totals: { ...recorded },
    unseen: addTotals({ ...recorded }, { ...seen, toolCalls: 0 }, -1),
  };
}

const isTurn = (run: RunRow): boolean =>
  run.kind === "turn" && !UNCOUNTED_TRIGGERS.has(run.started_by);

const isFailure = (outcome: string | null): boolean =>
  outcome === "failed" || outcome === "abandoned";

/** What a run contributes as it stands. */
export function contributionOf(run: RunRow, project: string | null): Contribution {
  const { totals, unseen } = sumsOf(run);
  const isEnded = run.end_us !== null && run.outcome !== null;
  return {
    session: run.session,
    turns: isTurn(run) ? 1 : 0,
    failedTurns: isTurn(run) && isFailure(run.outcome) ? 1 : 0,
    runningTurns: run.end_us === null ? 1 : 0,
    subagents: run.kind === "subagent" ? 1 : 0,
    totals,
    unseen: { ...unseen, toolCalls: 0 },
    place: isEnded ? placeOf(run, project) : undefined,
    outcome: isTurn(run) ? (run.outcome ?? "") : "",
    durationUs: (run.end_us ?? run.start_us) - run.start_us,
  };
}

const placeOf = (run: RunRow, project: string | null): Place => ({
  atUs: run.end_us ?? run.start_us,
  project: project ?? "",
  agent: run.agent ?? "",
  provider: run.provider ?? "",
  model: run.model ?? "",
});

interface Sums {
  readonly sessions: Sessions;
  readonly rollups: Rollups;
}

/** Takes back what a run contributed: it is about to be removed. */
export function withdraw(run: RunRow, { sessions, rollups }: Sums): void {
  const before = run.applied;
  if (before === undefined) return;
  addToSession(sessions.get(before.session), before, -1, sessions);
  addToRollups(rollups, before, -1);
  run.applied = undefined;
}

/** Brings sessions and rollups up to what the changed runs contribute now. */
export function settle(runs: Iterable<RunRow>, sums: Sums): void {
  const { sessions, rollups } = sums;
  for (const run of runs) {
    const session = sessions.get(run.session);
    const left = run.applied === undefined ? session : sessions.get(run.applied.session);
    const next = contributionOf(run, session.project);
    withdraw(run, sums);
    addToSession(session, next, 1, sessions);
    addToRollups(rollups, next, 1);
    run.applied = next;
    if (left !== session && left.made_up === 1) sessions.remove(left);
  }
}

function addToSession(row: SessionRow, part: Contribution, sign: 1 | -1, sessions: Sessions): void {
  row.turns += sign * part.turns;
  row.failed_turns += sign * part.failedTurns;
  row.running_turns += sign * part.runningTurns;
  row.subagents += sign * part.subagents;
  addTotals(row.totals, part.totals, sign);
  sessions.change(row);
}

function addToRollups(rollups: Rollups, part: Contribution, sign: 1 | -1): void {
  const { place } = part;
  if (place === undefined) return;
  if (!isZero(part.unseen)) rollups.addCost(place, part.unseen, sign);
  if (part.outcome !== "") {
    rollups.addTurn({ ...place, outcome: part.outcome }, part.durationUs, sign);
  }
}
