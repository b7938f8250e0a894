import { type ReadName, readNames } from "../../semconv/read-names.ts";
import type { AttributeValue } from "../api-types.ts";
import type { AttributeList } from "../otlp/rows.ts";

const fields = Object.keys(readNames) as ReadName[];
const places = new Map(fields.map((field, place) => [field, place]));

/** Which field an attribute fills, and how good it is for that: 0 is the best. */
const placeOf: ReadonlyMap<string, { readonly place: number; readonly rank: number }> = new Map(
  fields.flatMap((field, place) => readNames[field].map((name, rank) => [name, { place, rank }])),
);

/**
 * Finds what we know in a list of attributes. One is made and used again: a fresh one a span would cost more
 * than the look-ups.
 */
export class Fields {
  readonly #values: AttributeValue[] = new Array<AttributeValue>(fields.length).fill(null);
  readonly #ranks = new Uint8Array(fields.length);

  /** Takes the place of what was read before. */
  read({ names, values }: AttributeList): this {
    this.#values.fill(null);
    for (let at = 0; at < names.length; at += 1) {
      const known = placeOf.get(names[at] ?? "");
      if (known === undefined) continue;
      const { place, rank } = known;
      if (this.#values[place] !== null && (this.#ranks[place] ?? 0) <= rank) continue;
      this.#values[place] = values[at] ?? null;
      this.#ranks[place] = rank;
    }
    return this;
  }

  /** A text that is not empty, or `null`. Numbers and truth values become text. */
  text(field: ReadName): string | null {
    const value = this.#values[places.get(field) ?? -1];
    if (typeof value === "string") return value === "" ? null : value.slice(0, MAX_TEXT);
    return typeof value === "number" || typeof value === "boolean" ? String(value) : null;
  }

  number(field: ReadName): number | null {
    const value = this.#values[places.get(field) ?? -1];
    const number = typeof value === "string" && value !== "" ? Number(value) : value;
    return typeof number === "number" && Number.isFinite(number) ? number : null;
  }

  /** A whole number from 0, or `null`: nothing else is a count. */
  count(field: ReadName): number | null {
    const number = this.number(field);
    return number !== null && Number.isSafeInteger(number) && number >= 0 ? number : null;
  }

  /** US dollars as nano-dollars. */
  nanoUsd(field: ReadName): number | null {
    const usd = this.number(field);
    const nano = usd === null ? Number.NaN : Math.round(usd * 1e9);
    return Number.isSafeInteger(nano) && nano >= 0 ? nano : null;
  }
}

/** Characters kept of a name: an agent, a model, a message of an error. */
const MAX_TEXT = 2000;
