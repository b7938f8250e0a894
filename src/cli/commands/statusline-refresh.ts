import { findTranscripts } from "../../adapters/cli-agents/find-transcripts.ts";
import { makeOwnFolder, replaceFile } from "../../base/files.ts";
import { budgetUnits, type LimitState } from "../../hooks/runners/budget/limits.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../output.ts";
import { openLedger, readBudgetRows } from "./budget-list.ts";
import type { Cell } from "./cost-ledger.ts";
import type { Calendar } from "./cost-period.ts";
import { readCosts } from "./cost-reading.ts";
import { type BudgetLeft, type Figures, figuresFile } from "./statusline-figures.ts";

/** Reads all that a status line tells, and keeps it in a data folder for those to come. */
export async function refreshFigures(
  calendar: Calendar,
  dataFolder: string | undefined,
  cli: CliContext,
): Promise<Figures> {
  const { env, signal } = cli;
  const startedMs = performance.now();
  const day = calendar.dayOf(cli.now());
  const { sessions } = await findTranscripts({ env, paths: [], signal });
  const sinceMs = calendar.startOf(day);
  const recent = sessions.filter(({ modifiedMs }) => modifiedMs >= sinceMs);
  const { ledger } = await readCosts(recent, { calendar }, cli);
  const figures: Figures = {
    ...{ day, timezone: calendar.timezone },
    ...sumUp(ledger.cells, day),
    budgets: await readBudgets(cli),
    readMs: cli.now(),
    tookMs: Math.round(performance.now() - startedMs),
  };
  if (dataFolder !== undefined) {
    await makeOwnFolder(dataFolder);
    await replaceFile(figuresFile(dataFolder), JSON.stringify(figures));
  }
  return figures;
}

function sumUp(cells: readonly Cell[], day: string) {
  const sessions: Record<string, number> = {};
  let nanoUsd = 0;
  let unknownCalls = 0;
  for (const { session, amounts, day: of } of cells) {
    sessions[session.sessionId] = (sessions[session.sessionId] ?? 0) + amounts.nanoUsd;
    if (of !== day) continue;
    nanoUsd += amounts.nanoUsd;
    unknownCalls += amounts.unknownPriceCalls;
  }
  return { sessions, nanoUsd, unknownCalls };
}

/** Of each budget the limit that is used up most. A ledger that cannot be read hides no cost. */
async function readBudgets(cli: CliContext): Promise<BudgetLeft[]> {
  try {
    using ledger = await openLedger(cli);
    if (ledger === undefined) return [];
    return readBudgetRows(ledger, cli.now()).flatMap(({ budget, owner, states: [state] }) =>
      state === undefined
        ? []
        : [{ owner, text: leftText(printable(budget.name), state), share: state.share }],
    );
  } catch {
    return [];
  }
}

function leftText(name: string, { unit, used, limit }: LimitState): string {
  if (used >= limit) return `${name} used up`;
  const { show, name: what } = budgetUnits[unit];
  const left = show(limit - used, limit);
  return unit === "usd" ? `$${left} of ${name} left` : `${left} ${what} of ${name} left`;
}
