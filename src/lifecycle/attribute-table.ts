import type { Attributes, AttributeValue } from "@opentelemetry/api";
import { cutText, ruleOf, shownText, type TextRule } from "./free-text.ts";

/** A row per attribute: where the value comes from; undefined leaves the attribute out. */
export type AttributeRows<T> = Readonly<Record<string, (subject: T) => AttributeValue | undefined>>;

/** What takes attributes one by one: a span does, so that no object is made for what it is given at its end. */
export interface AttributeSink {
  setAttribute(name: string, value: AttributeValue): unknown;
}

/** An object that is given more by computed names becomes a hash table in V8, three times slower to read. */
const MAX_IN_PART = 12;

/** A sink that keeps them. */
export class AttributeBag implements AttributeSink {
  readonly #parts: Attributes[];
  #count = 0;

  constructor(attributes: Attributes = {}) {
    this.#parts = [attributes];
  }

  get attributes(): Attributes {
    const [first = {}, ...more] = this.#parts;
    return more.length === 0 ? first : Object.assign({}, first, ...more);
  }

  setAttribute(name: string, value: AttributeValue): void {
    if (this.#count === MAX_IN_PART) {
      this.#parts.push({});
      this.#count = 0;
    }
    this.#count += 1;
    (this.#parts.at(-1) as Attributes)[name] = value;
  }
}

/** Gives a subject's attributes to a sink. */
export interface WriteAttributes<T> {
  (subject: T, into: AttributeSink): void;
  /** Every attribute the table may write, for the documentation. */
  readonly names: readonly string[];
}

/**
 * Makes a table of rows into a function; the rows are unpacked once, not for each span. Here, and nowhere
 * else, secrets leave what is written and long texts are cut, whatever a row reads.
 */
export function attributeTable<T>(rows: AttributeRows<T>): WriteAttributes<T> {
  const names = Object.keys(rows);
  const reads = Object.values(rows);
  const texts = names.map(ruleOf);
  const write = (subject: T, into: AttributeSink): void => {
    for (let row = 0; row < names.length; row += 1) {
      const value = reads[row]?.(subject);
      if (value == null) continue;
      const shown = typeof value === "number" ? value : shownValue(value, texts[row] as TextRule);
      into.setAttribute(names[row] as string, shown);
    }
  };
  return Object.assign(write, { names });
}

const MAX_ITEMS = 100;

/** A value that may leave the process. Names and ids are cut only: redacted, nothing would find them again. */
function shownValue(value: AttributeValue, { isName, maxChars }: TextRule): AttributeValue {
  if (typeof value === "string" && isName && value.length <= maxChars) return value;
  if (typeof value === "boolean" || typeof value === "number") return value;
  if (!Array.isArray(value)) return isName ? cutText(value, maxChars) : shownText(value, maxChars);
  return value.slice(0, MAX_ITEMS).map((item) => shownText(item, maxChars));
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

/** Nano-dollars in a dollar. */
export const NANO = 1e9;

/** Nano-dollars as dollars; exact to the nano-dollar up to nine million dollars. */
export const toUsd = (nanoUsd: number): number => nanoUsd / NANO;
