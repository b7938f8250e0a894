import type { FindProject } from "../../adapters/cli-agents/find-project.ts";
import { type Amounts, addAmounts, type Cell, createAmounts } from "./cost-ledger.ts";

/** What sums can be asked by. */
export type By = "day" | "model" | "project" | "branch" | "agent" | "session";

/** A cell whose project is known. */
export interface PlacedCell extends Cell {
  readonly project: string | undefined;
}

type Key = Readonly<Record<string, string | undefined>>;

export interface Row {
  /** By the names that the JSON output has. */
  readonly key: Key;
  readonly amounts: Amounts;
}

const isoTime = (timeMs: number): string => new Date(timeMs).toISOString();

/** A row a way of asking: by what cells are told apart. The first column's order is that of the days. */
const keys = {
  day: ({ day }) => ({ day }),
  model: ({ model, provider }) => ({ model, provider }),
  project: ({ project }) => ({ project }),
  branch: ({ project, branch }) => ({ project, branch }),
  agent: ({ session, subagent }) => ({ agent: session.agent, subagent }),
  session: ({ session, project }) => ({
    session: session.sessionId,
    agent: session.agent,
    project,
    firstCall: isoTime(session.firstMs),
    lastCall: isoTime(session.lastMs),
  }),
} as const satisfies Record<By, (cell: PlacedCell) => Key>;

export const isBy = (value: string): value is By => Object.hasOwn(keys, value);
export const allBy: readonly string[] = Object.keys(keys);

/** Finds each session's project once, whatever the number of its cells. */
export async function placeCells(
  cells: readonly Cell[],
  findProject: FindProject,
): Promise<PlacedCell[]> {
  const placed: PlacedCell[] = [];
  for (const cell of cells) {
    const { cwd } = cell.session;
    placed.push({ ...cell, project: cwd === undefined ? undefined : await findProject(cwd) });
  }
  return placed;
}

/** Sums cells up. Days come in their order, everything else by cost. */
export function toRows(cells: readonly PlacedCell[], by: By): Row[] {
  const keyOf: (cell: PlacedCell) => Key = keys[by];
  const rows = new Map<string, Row>();
  for (const cell of cells) {
    const key = keyOf(cell);
    const name = Object.values(key).join("\0");
    const row = rows.get(name) ?? { key, amounts: createAmounts() };
    rows.set(name, row);
    addAmounts(row.amounts, cell.amounts);
  }
  return [...rows.values()].sort((a, b) => (by === "day" ? compareKeys(a, b) : compareCost(a, b)));
}

export function sumUp(cells: readonly { readonly amounts: Amounts }[]): Amounts {
  const sum = createAmounts();
  for (const { amounts } of cells) addAmounts(sum, amounts);
  return sum;
}

const nameOf = ({ key }: Row): string => Object.values(key).join("\0");

const compareKeys = (a: Row, b: Row): number => (nameOf(a) < nameOf(b) ? -1 : 1);

const tokensOf = ({ amounts }: Row): number => amounts.inputTokens + amounts.outputTokens;

const compareCost = (a: Row, b: Row): number =>
  b.amounts.nanoUsd - a.amounts.nanoUsd || tokensOf(b) - tokensOf(a) || compareKeys(a, b);

/** A model of which some calls have no known price. */
export interface UnknownPrice {
  readonly model: string | undefined;
  readonly calls: number;
}

/** Models without a price, those with most calls first. */
export function unknownPrices(cells: readonly Cell[]): UnknownPrice[] {
  const calls = new Map<string | undefined, number>();
  for (const { model, amounts } of cells) {
    if (amounts.unknownPriceCalls === 0) continue;
    calls.set(model, (calls.get(model) ?? 0) + amounts.unknownPriceCalls);
  }
  return [...calls]
    .map(([model, number]) => ({ model, calls: number }))
    .sort((a, b) => b.calls - a.calls || ((a.model ?? "") < (b.model ?? "") ? -1 : 1));
}
