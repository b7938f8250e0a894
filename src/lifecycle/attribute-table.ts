import type { Attributes, AttributeValue } from "@opentelemetry/api";

/** A row per attribute: where the value comes from; undefined leaves the attribute out. */
export type AttributeRows<T> = Readonly<Record<string, (subject: T) => AttributeValue | undefined>>;

/** Writes a subject's attributes into an object and returns it. */
export interface WriteAttributes<T> {
  (subject: T, into?: Attributes): Attributes;
  /** Every attribute the table may write, for the documentation. */
  readonly names: readonly string[];
}

/** Makes a table of rows into a function; the rows are unpacked once, not for each span. */
export function attributeTable<T>(rows: AttributeRows<T>): WriteAttributes<T> {
  const names = Object.keys(rows);
  const reads = Object.values(rows);
  const write = (subject: T, into: Attributes = {}): Attributes => {
    for (let row = 0; row < names.length; row += 1) {
      const value = reads[row]?.(subject);
      if (value !== undefined) into[names[row] as string] = value;
    }
    return into;
  };
  return Object.assign(write, { names });
}

/** A sum as it is shown: nothing where nothing was counted. */
export const positive = (value: number | undefined): number | undefined =>
  value === undefined || value === 0 ? undefined : value;

const NANO = 1e9;

/** Nano-dollars as dollars; exact to the nano-dollar up to nine million dollars. */
export const toUsd = (nanoUsd: number): number => nanoUsd / NANO;
