import type { AttributeValue } from "../api-types.ts";
import { MAX_ATTRIBUTES, MAX_VALUE_DEPTH } from "./limits.ts";
import { type AttributeList, RequestError } from "./rows.ts";
import { tagOf, type WireReader } from "./wire.ts";

/** Reads one KeyValue into the lists; those past the bound are passed over unread. */
export function readKeyValue(reader: WireReader, end: number, into: AttributeList): void {
  const inner = reader.enter(end);
  if (into.names.length >= MAX_ATTRIBUTES) {
    reader.at = inner;
    return;
  }
  const { name, value } = readPair(reader, inner, 0);
  into.names.push(name);
  into.values.push(value);
}

function readPair(
  reader: WireReader,
  end: number,
  depth: number,
): { name: string; value: AttributeValue } {
  let name = "";
  let value: AttributeValue = null;
  while (reader.at < end) {
    const tag = reader.varint(end);
    if (tag === tagOf(1, 2)) name = reader.text(end);
    else if (tag === tagOf(2, 2)) value = readAnyValue(reader, reader.enter(end), depth);
    else reader.skip(tag, end);
  }
  return { name, value };
}

/** Reads an AnyValue that ends at `end`. */
export function readAnyValue(reader: WireReader, end: number, depth = 0): AttributeValue {
  if (depth > MAX_VALUE_DEPTH) {
    throw new RequestError(400, `a value is nested deeper than ${MAX_VALUE_DEPTH}`);
  }
  let value: AttributeValue = null;
  while (reader.at < end) value = readVariant(reader, reader.varint(end), end, depth) ?? value;
  return value;
}

/** One field of the oneof; `undefined` where it is none of it. */
function readVariant(
  reader: WireReader,
  tag: number,
  end: number,
  depth: number,
): AttributeValue | undefined {
  switch (tag) {
    case tagOf(1, 2):
      return reader.text(end);
    case tagOf(2, 0):
      return reader.varint(end) !== 0;
    case tagOf(3, 0):
      return reader.int64(end);
    case tagOf(4, 1):
      return toJsonNumber(reader.double(end));
    case tagOf(5, 2):
      return readArray(reader, reader.enter(end), depth + 1);
    case tagOf(6, 2):
      return readKeyed(reader, reader.enter(end), depth + 1);
    case tagOf(7, 2):
      return reader.copyBytes(end).toString("base64");
    default:
      reader.skip(tag, end);
      return undefined;
  }
}

function readArray(reader: WireReader, end: number, depth: number): AttributeValue {
  const values: AttributeValue[] = [];
  while (reader.at < end) {
    const tag = reader.varint(end);
    if (tag === tagOf(1, 2)) values.push(readAnyValue(reader, reader.enter(end), depth));
    else reader.skip(tag, end);
  }
  return values;
}

function readKeyed(reader: WireReader, end: number, depth: number): AttributeValue {
  const keyed = createKeyed();
  while (reader.at < end) {
    const tag = reader.varint(end);
    if (tag !== tagOf(1, 2)) {
      reader.skip(tag, end);
      continue;
    }
    const { name, value } = readPair(reader, reader.enter(end), depth);
    keyed[name] = value;
  }
  return keyed;
}

/** An object for names that others chose: without a prototype, so that `__proto__` is a name like any other. */
export const createKeyed = (): Record<string, AttributeValue> => Object.create(null);

/** JSON has no NaN and no infinities. */
export const toJsonNumber = (value: number): number | string =>
  Number.isFinite(value) ? value : String(value);
