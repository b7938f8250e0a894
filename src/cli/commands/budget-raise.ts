import { randomUUID } from "node:crypto";
import { CodedError } from "../../base/errors.ts";
import type { BudgetUnit } from "../../hooks/config/actions.ts";
import { loadConfig } from "../../hooks/config/load.ts";
import type { AnnouncedBudget } from "../../hooks/runners/budget/ledger.ts";
import { budgetUnitNames, budgetUnits } from "../../hooks/runners/budget/limits.ts";
import type { Raise } from "../../hooks/runners/budget/sqlite-ledger.ts";
import { raiseRecord } from "../../sdk/budget-record.ts";
import { TurnspanConfig } from "../../sdk/config-file.ts";
import { writeRecord } from "../../sdk/write-record.ts";
import { formatTime } from "../amounts.ts";
import { parseOptions, wrongUse } from "../command.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../output.ts";
import { openLedger } from "./budget-list.ts";

/** A row an option; the other names are too long to type. */
const unitOptions = {
  tokens: "tokens",
  usd: "usd",
  turns: "turns",
  consecutiveErrors: "errors",
} as const satisfies Record<BudgetUnit, string>;

/** `turnspan budget raise`: 0 where the budget is raised. */
export async function raiseBudget(args: readonly string[], cli: CliContext): Promise<number> {
  const { values, positionals } = parseOptions("budget", args, {
    for: { type: "string" },
    reason: { type: "string" },
    of: { type: "string" },
    tokens: { type: "string" },
    usd: { type: "string" },
    turns: { type: "string" },
    errors: { type: "string" },
  });
  if (values.for === undefined || !values.reason?.trim()) {
    throw usage("turnspan budget raise needs --for TIME and --reason TEXT");
  }
  using ledger = await openLedger(cli);
  const budget = findBudget(positionals[0], ledger?.listBudgets() ?? []);
  const now = cli.now();
  const about = {
    ...{ budget: budget.id, owner: values.of, from: now, until: now + parseTime(values.for) },
    ...{ reason: values.reason.trim(), by: cli.env["USER"] ?? cli.env["USERNAME"] ?? "unknown" },
  };
  const raises = readAmounts(values, budget).map(
    ([unit, amount]): Raise => ({ id: randomUUID(), unit, amount, ...about }),
  );
  ledger?.addRaises(raises);
  cli.stdout.write(raises.map((raise) => `${describe(raise, budget)}\n`).join(""));
  await record(raises, budget, cli);
  return 0;
}

const usage = (problem: string): CodedError => wrongUse("budget", problem);

function findBudget(
  name: string | undefined,
  budgets: readonly AnnouncedBudget[],
): AnnouncedBudget {
  const found = budgets.filter((budget) => name === undefined || budget.name === name);
  const [budget, another] = found;
  if (budget !== undefined && another === undefined) return budget;
  const names = budgets.map((other) => `\n  ${other.name} (${other.source})`).join("");
  const problem =
    budget === undefined
      ? `there is no budget ${name ?? ""}`.trimEnd()
      : `${found.length} budgets are meant`;
  throw new CodedError("USAGE", `${problem}; in use were:${names || " none"}`);
}

const MINUTE_MS = 60_000;
const timeUnits = { m: MINUTE_MS, h: 60 * MINUTE_MS, d: 24 * 60 * MINUTE_MS } as const;

function parseTime(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([mhd])$/.exec(text) ?? [];
  if (amount === undefined || Number(amount) === 0) {
    throw usage(`--for ${JSON.stringify(text)} is no time such as 30m, 2h or 1d`);
  }
  return Number(amount) * timeUnits[unit as keyof typeof timeUnits];
}

type Amounts = Readonly<Partial<Record<(typeof unitOptions)[BudgetUnit], string>>>;

/** What is given; without anything each limit of the budget once more. */
function readAmounts(values: Amounts, budget: AnnouncedBudget): [BudgetUnit, number][] {
  const given = budgetUnitNames.flatMap((unit): [BudgetUnit, number][] => {
    const text = values[unitOptions[unit]];
    return text === undefined ? [] : [[unit, parseAmount(unit, text, budget)]];
  });
  if (given.length > 0) return given;
  return budgetUnitNames.flatMap((unit): [BudgetUnit, number][] => {
    const limit = budget[unit];
    return limit === undefined ? [] : [[unit, budgetUnits[unit].toLimit(limit)]];
  });
}

function parseAmount(unit: BudgetUnit, text: string, budget: AnnouncedBudget): number {
  const option = `--${unitOptions[unit]}`;
  if (budget[unit] === undefined) {
    throw usage(`${option}: the budget ${budget.name} has no such limit`);
  }
  const amount = budgetUnits[unit].toLimit(Number(text));
  if (Number.isSafeInteger(amount) && amount > 0) return amount;
  throw usage(`${option} ${JSON.stringify(text)} is no amount`);
}

function describe({ unit, amount, owner, until }: Raise, { name }: AnnouncedBudget): string {
  const { show, name: what } = budgetUnits[unit];
  const whose = owner === undefined ? "" : ` of ${owner}`;
  return printable(
    `budget ${name}${whose}: ${show(amount, amount)} ${what} more until ${formatTime(until)}`,
  );
}

/** The ledger has it already: what cannot be sent is said, and nothing is lost. */
async function record(
  raises: readonly Raise[],
  budget: AnnouncedBudget,
  cli: CliContext,
): Promise<void> {
  const loaded = await loadConfig(TurnspanConfig, cli);
  const records = raises.map((raise) => raiseRecord(raise, budget.name));
  const place = await writeRecord(loaded, records);
  const texts = {
    audit: "recorded in the audit log\n",
    logs: "recorded, and sent as a log event\n",
    nowhere: "recorded on this machine; your config names no receiver of records\n",
    unreachable: "recorded on this machine; the receiver of records took nothing\n",
  } as const satisfies Record<typeof place, string>;
  cli.stderr.write(texts[place]);
}
