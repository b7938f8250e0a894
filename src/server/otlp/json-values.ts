import type { AttributeValue } from "../api-types.ts";
import { MAX_ATTRIBUTES, MAX_VALUE_DEPTH } from "./limits.ts";
import { createKeyed, toJsonNumber } from "./protobuf-values.ts";
import { type AttributeList, RequestError } from "./rows.ts";

/** A JSON object as `JSON.parse` makes it: what is asked for is an own property, or it is not there. */
export type Json = Readonly<Record<string, unknown>>;

const wrong = (what: string): RequestError => new RequestError(400, what);

export function asObject(value: unknown, name: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong(`${name} is no object`);
  }
  return value as Json;
}

/** A list, or none where it is absent. */
export function asList(value: unknown, name: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrong(`${name} is no list`);
  return value;
}

/** A lone surrogate has no UTF-8 and would come back from the store as something else. */
export const asText = (value: unknown): string =>
  typeof value === "string" ? value.toWellFormed() : "";

export const asNumber = (value: unknown): number => {
  const number = typeof value === "number" ? value : Number(value ?? 0);
  return Number.isFinite(number) ? number : 0;
};

/** An enum's number: 32 bits, as in protobuf. */
export const asEnum = (value: unknown): number => asNumber(value) | 0;

/** Nanoseconds: a string of digits, as 64-bit integers are written in JSON, or a number. */
export function asTime(value: unknown): bigint {
  if (value === undefined || value === null) return 0n;
  if (typeof value === "string" && /^\d{1,20}$/.test(value)) return BigInt(value);
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) return BigInt(value);
  throw wrong("a time is no count of nanoseconds");
}

/** An id in hex, as OTLP wants it in JSON; other text gives an id that no check lets pass. */
export function asId(value: unknown): Buffer {
  if (typeof value !== "string" || !/^([0-9a-fA-F]{2})*$/.test(value)) return Buffer.alloc(1);
  return Buffer.from(value, "hex");
}

export function readAttributes(value: unknown, into: AttributeList): AttributeList {
  for (const item of asList(value, "attributes")) {
    if (into.names.length >= MAX_ATTRIBUTES) break;
    const pair = asObject(item, "an attribute");
    into.names.push(asText(pair["key"]));
    into.values.push(readAnyValue(pair["value"]));
  }
  return into;
}

type Variant = (value: unknown, depth: number) => AttributeValue;

/** By the name of the field that is set. */
const variants: ReadonlyMap<string, Variant> = new Map<string, Variant>([
  ["stringValue", asText],
  ["boolValue", (value) => value === true],
  ["intValue", toInt],
  ["doubleValue", (value) => toJsonNumber(Number(value))],
  [
    "arrayValue",
    (value, depth) =>
      asList(asObject(value, "a list")["values"], "values").map((one) => readAnyValue(one, depth)),
  ],
  ["kvlistValue", toKeyed],
  ["bytesValue", asText],
]);

export function readAnyValue(value: unknown, depth = 0): AttributeValue {
  if (value === undefined || value === null) return null;
  if (depth > MAX_VALUE_DEPTH) throw wrong(`a value is nested deeper than ${MAX_VALUE_DEPTH}`);
  const holder = asObject(value, "a value");
  for (const name in holder) {
    const variant = variants.get(name);
    if (variant !== undefined) return variant(holder[name], depth + 1);
  }
  return null;
}

function toInt(value: unknown): AttributeValue {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  return typeof value === "string" && /^-?\d{1,20}$/.test(value) ? value : null;
}

function toKeyed(value: unknown, depth: number): AttributeValue {
  const keyed = createKeyed();
  for (const item of asList(asObject(value, "a list")["values"], "values")) {
    const pair = asObject(item, "an attribute");
    keyed[asText(pair["key"])] = readAnyValue(pair["value"], depth);
  }
  return keyed;
}
