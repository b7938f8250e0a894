import { existsSync } from "node:fs";
import path from "node:path";
import { findDataFolder } from "../../base/data-folder.ts";
import { localDay } from "../../hooks/runners/budget/bucket.ts";
import type { AnnouncedBudget } from "../../hooks/runners/budget/ledger.ts";
import { LEDGER_FILE } from "../../hooks/runners/budget/ledger-tables.ts";
import { type LimitState, limitStates } from "../../hooks/runners/budget/limits.ts";
import { type Raise, SqliteLedger } from "../../hooks/runners/budget/sqlite-ledger.ts";
import { formatTime } from "../amounts.ts";
import { parseOptions } from "../command.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../output.ts";
import { formatTable, type TableColumn } from "../table.ts";

/** Of each budget; older ones are of sessions that are over. */
const MOST_BUCKETS = 20;

interface BudgetRow {
  readonly budget: AnnouncedBudget;
  readonly owner: string;
  readonly states: readonly LimitState[];
  /** Those that count for this bucket. */
  readonly raises: readonly Raise[];
}

const columns: readonly TableColumn<BudgetRow>[] = [
  { head: "BUDGET", read: ({ budget }) => printable(budget.name) },
  { head: "WHOSE", read: ({ owner }) => printable(owner) },
  { head: "USED", read: ({ states }) => states.map(({ text }) => text).join("; ") },
  {
    head: "SHARE",
    read: ({ states }) => `${Math.floor((states[0]?.share ?? 0) * 100)} %`,
    align: "right",
  },
  { head: "RAISED UNTIL", read: ({ raises }) => raises.map(shownRaise).join("; ") },
  { head: "FROM", read: ({ budget }) => printable(budget.source) },
];

const shownRaise = ({ until, reason, by }: Raise): string =>
  printable(`${formatTime(until)} by ${by}: ${reason}`);

/** `turnspan budget`: what was used. */
export async function listBudgets(args: readonly string[], cli: CliContext): Promise<number> {
  const { values } = parseOptions("budget", args, { json: { type: "boolean" } });
  using ledger = await openLedger(cli);
  const rows = ledger === undefined ? [] : readBudgetRows(ledger, cli.now());
  if (values.json) {
    cli.stdout.write(`${JSON.stringify({ budgets: rows.map(toJson) })}\n`);
    return 0;
  }
  cli.stdout.write(rows.length === 0 ? "no budget was used here\n" : formatTable(rows, columns));
  return 0;
}

/** The ledger of this machine, where there is one. */
export async function openLedger(cli: CliContext): Promise<SqliteLedger | undefined> {
  const folder = findDataFolder(cli.env);
  if (folder === undefined || !existsSync(path.join(folder, LEDGER_FILE))) return undefined;
  return SqliteLedger.open(folder, cli.now());
}

/** All budgets that are in use, with what was used of them. */
export function readBudgetRows(ledger: SqliteLedger, now: number): BudgetRow[] {
  return ledger.listBudgets().flatMap((budget) => {
    const raises = ledger.listRaises(budget.id, now);
    return listOwners(ledger, budget, now).map((owner) => ({
      ...{ budget, owner },
      states: limitStates(budget, ledger.read({ budget: budget.id, owner }, now)),
      raises: raises.filter((raise) => raise.owner === undefined || raise.owner === owner),
    }));
  });
}

/** Of a day's budget only today's. */
function listOwners(ledger: SqliteLedger, budget: AnnouncedBudget, now: number): string[] {
  const today = `day ${localDay(now, budget.timeZone)}`;
  const isToday = (owner: string): boolean => owner.split(", ").includes(today);
  const owners = ledger.listBuckets(budget.id, MOST_BUCKETS).map(({ owner }) => owner);
  return budget.per.includes("day") ? owners.filter(isToday) : owners;
}

const toJson = ({ budget, owner, states, raises }: BudgetRow): object => ({
  ...{ name: budget.name, source: budget.source, whose: owner },
  limits: states.map(({ unit, used, limit, share }) => ({ unit, used, limit, share })),
  raises: raises.map(({ unit, amount, until, reason, by }) => ({
    unit,
    amount,
    until,
    reason,
    by,
  })),
});
