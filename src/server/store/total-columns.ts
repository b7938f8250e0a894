import type { Totals } from "../api-types.ts";
import { createTotals, totalFields } from "../reading/totals.ts";
import type { Column, Draft } from "./draft-table.ts";

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

const pairs = totalFields.map((field) => [field, snake(field)] as const);

/** The columns of a table that hold totals. */
export const totalColumnNames: readonly string[] = pairs.map(([, column]) => column);

/** Columns for the totals that a row has, under a prefix. */
export const totalColumns = <Row extends Draft>(
  prefix: string,
  read: (row: Row) => Totals,
): Column<Row>[] => pairs.map(([field, column]) => [prefix + column, (row) => read(row)[field]]);

/** Reads totals out of a stored row. */
export function totalsOf(row: object, prefix = ""): Totals {
  const totals = createTotals();
  const columns = row as Readonly<Record<string, unknown>>;
  for (const [field, column] of pairs) totals[field] = Number(columns[prefix + column] ?? 0);
  return totals;
}

/** Totals as values in the order of the columns, for statements. */
export const totalValues = (totals: Totals): number[] => pairs.map(([field]) => totals[field]);
