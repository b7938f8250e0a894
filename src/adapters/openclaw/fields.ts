/** A payload of the host's, unchecked: each field passes one of these readers before it is used. */
export type Fields = Readonly<Record<string, unknown>>;

const NO_FIELDS: Fields = Object.freeze({});
const NO_ITEMS: readonly unknown[] = Object.freeze([]);

/** A string that says something; an empty one is as good as none. */
export const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

export const number = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) ? value : undefined;

export const record = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : NO_FIELDS;

export const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : NO_ITEMS;
