import { MAX_ITEMS } from "./limits.ts";
import { readKeyValue } from "./protobuf-values.ts";
import { type AttributeList, type Batch, NO_ORIGIN, type Origin, RequestError } from "./rows.ts";
import { tagOf, type WireReader } from "./wire.ts";

/** Reads one item that ends at `end`; returns why it is rejected, or `undefined`. */
export type ReadItem<Row> = (
  reader: WireReader,
  end: number,
  origin: Origin,
  rows: Row[],
) => string | undefined;

/** Where a message stands in the request. */
type Range = readonly [start: number, end: number];

/**
 * Reads the envelope that traces, logs and metrics share: resources hold scopes, scopes hold items. An item
 * that cannot be read is rejected alone, since its length says where the next one begins.
 */
export function readEnvelope<Row>(reader: WireReader, readItem: ReadItem<Row>): Batch<Row> {
  const batch: Batch<Row> = { rows: [], rejected: 0, problem: undefined };
  let count = 0;
  for (const resourceRange of findParts(reader, [0, reader.bytes.length], 1)) {
    const resource = readResource(reader, resourceRange);
    for (const scopeRange of findParts(reader, resourceRange, 2)) {
      const origin = readScope(reader, scopeRange, resource);
      for (const itemRange of findParts(reader, scopeRange, 2)) {
        count += 1;
        if (count > MAX_ITEMS) throw new RequestError(413, `more than ${MAX_ITEMS} items at once`);
        readOne(reader, itemRange, origin, readItem, batch);
      }
    }
  }
  return batch;
}

function readOne<Row>(
  reader: WireReader,
  [start, end]: Range,
  origin: Origin,
  readItem: ReadItem<Row>,
  batch: Batch<Row>,
): void {
  reader.at = start;
  const problem = attempt(() => readItem(reader, end, origin, batch.rows));
  if (problem === undefined) return;
  batch.rejected += 1;
  batch.problem ??= problem;
}

/** Runs a reader; what its item is wrong in comes back as text. */
export function attempt(read: () => string | undefined): string | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RequestError && error.status === 400) return error.message;
    throw error;
  }
}

/** All occurrences of a length-delimited field: what describes them may stand behind them. */
function findParts(reader: WireReader, [start, end]: Range, field: number): Range[] {
  const parts: Range[] = [];
  reader.at = start;
  while (reader.at < end) {
    const tag = reader.varint(end);
    if (tag !== tagOf(field, 2)) {
      reader.skip(tag, end);
      continue;
    }
    const inner = reader.enter(end);
    parts.push([reader.at, inner]);
    reader.at = inner;
  }
  return parts;
}

function readResource(reader: WireReader, range: Range): AttributeList {
  const attributes: AttributeList = { names: [], values: [] };
  for (const [start, end] of findParts(reader, range, 1)) {
    reader.at = start;
    while (reader.at < end) {
      const tag = reader.varint(end);
      if (tag === tagOf(1, 2)) readKeyValue(reader, end, attributes);
      else reader.skip(tag, end);
    }
  }
  return attributes;
}

function readScope(reader: WireReader, range: Range, resource: AttributeList): Origin {
  const origin = { ...NO_ORIGIN, resource };
  for (const [start, end] of findParts(reader, range, 1)) {
    reader.at = start;
    while (reader.at < end) {
      const tag = reader.varint(end);
      if (tag === tagOf(1, 2)) origin.scopeName = reader.text(end);
      else if (tag === tagOf(2, 2)) origin.scopeVersion = reader.text(end);
      else reader.skip(tag, end);
    }
  }
  return origin;
}
