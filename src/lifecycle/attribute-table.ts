import type { Attributes, AttributeValue } from "@opentelemetry/api";

/** A row per attribute: where the value comes from; undefined leaves the attribute out. */
export type AttributeRows<T> = Readonly<Record<string, (subject: T) => AttributeValue | undefined>>;

/** What takes attributes one by one: a span does, so that no object is made for what it is given at its end. */
export interface AttributeSink {
  setAttribute(name: string, value: AttributeValue): unknown;
}

/** A sink that keeps them. */
export class AttributeBag implements AttributeSink {
  readonly attributes: Attributes;

  constructor(attributes: Attributes = {}) {
    this.attributes = attributes;
  }

  setAttribute(name: string, value: AttributeValue): void {
    this.attributes[name] = value;
  }
}

/** Gives a subject's attributes to a sink. */
export interface WriteAttributes<T> {
  (subject: T, into: AttributeSink): void;
  /** Every attribute the table may write, for the documentation. */
  readonly names: readonly string[];
}

/** Makes a table of rows into a function; the rows are unpacked once, not for each span. */
export function attributeTable<T>(rows: AttributeRows<T>): WriteAttributes<T> {
  const names = Object.keys(rows);
  const reads = Object.values(rows);
  const write = (subject: T, into: AttributeSink): void => {
    for (let row = 0; row < names.length; row += 1) {
      const value = reads[row]?.(subject);
      if (value !== undefined) into.setAttribute(names[row] as string, value);
    }
  };
  return Object.assign(write, { names });
}

/** A subject's attributes as an object. */
export function attributesOf<T>(write: WriteAttributes<T>, subject: T): Attributes {
  const bag = new AttributeBag();
  write(subject, bag);
  return bag.attributes;
}

export function writeAll(attributes: Attributes, into: AttributeSink): void {
  for (const name in attributes) {
    const value = attributes[name];
    if (value !== undefined) into.setAttribute(name, value);
  }
}

/** A sum as it is shown: nothing where nothing was counted. */
export const positive = (value: number | undefined): number | undefined =>
  value === undefined || value === 0 ? undefined : value;

const NANO = 1e9;

/** Nano-dollars as dollars; exact to the nano-dollar up to nine million dollars. */
export const toUsd = (nanoUsd: number): number => nanoUsd / NANO;
