import type { Totals } from "../api-types.ts";
import { createTotals, totalFields } from "../reading/totals.ts";

type Snake<Name extends string> = Name extends `${infer Head}${infer Tail}`
  ? Tail extends Uncapitalize<Tail>
    ? `${Lowercase<Head>}${Snake<Tail>}`
    : `${Lowercase<Head>}_${Snake<Tail>}`
  : Name;

/** The columns of a table that hold totals, under a prefix. */
export type TotalColumns<Prefix extends string = ""> = {
  [Field in keyof Totals as `${Prefix}${Snake<Field>}`]: number;
};

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

/** Pairs of field and column. */
const pairs = totalFields.map((field) => [field, snake(field)] as const);

export const totalColumnNames = <Prefix extends string>(
  prefix: Prefix,
): (keyof TotalColumns<Prefix>)[] =>
  pairs.map(([, column]) => `${prefix}${column}` as keyof TotalColumns<Prefix>);

/** Reads totals out of a row. */
export function totalsOf(row: object, prefix = ""): Totals {
  const totals = createTotals();
  const columns = row as Readonly<Record<string, unknown>>;
  for (const [field, column] of pairs) totals[field] = Number(columns[prefix + column] ?? 0);
  return totals;
}

/** Sets the columns of a row. */
export function setTotals(row: object, totals: Totals, prefix = ""): void {
  const columns = row as Record<string, unknown>;
  for (const [field, column] of pairs) columns[prefix + column] = totals[field];
}

/** The same as values in the order of the columns, for statements. */
export const totalValues = (totals: Totals): number[] => pairs.map(([field]) => totals[field]);
