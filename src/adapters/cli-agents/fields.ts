/** A line of a transcript, unchecked: each field passes one of these readers before it is used. */
export type Fields = Readonly<Record<string, unknown>>;

const NO_FIELDS: Fields = Object.freeze({});

/** A string that says something; an empty one is as good as none. */
export const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/** A number of tokens: whole and not negative. */
export const count = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const record = (value: unknown): Fields => (isFields(value) ? value : NO_FIELDS);

/** The objects of a list; nothing else is looked at. */
export const records = (value: unknown): readonly Fields[] =>
  Array.isArray(value) ? value.filter(isFields) : [];

/** A time as ISO 8601 text or epoch milliseconds, in epoch milliseconds. */
export function timeMs(value: unknown): number | undefined {
  const ms = typeof value === "string" ? Date.parse(value) : value;
  return typeof ms === "number" && Number.isFinite(ms) ? ms : undefined;
}
