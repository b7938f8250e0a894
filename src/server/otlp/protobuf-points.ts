import { readKeyValue } from "./protobuf-values.ts";
import type { Origin, PointRow } from "./rows.ts";
import { tagOf, type WireReader } from "./wire.ts";

/** Where a metric keeps its points, and at which fields a point has what. */
interface PointLayout {
  readonly attributes: number;
  /** Field numbers by wire type: a histogram's count and sum, a number's value. */
  readonly count?: number;
  readonly double: number;
  readonly int?: number;
}

const NUMBER: PointLayout = { attributes: 7, double: 4, int: 6 };

/** By field number in Metric: gauge, sum, histogram, exponential histogram, summary. */
const LAYOUTS: ReadonlyMap<number, PointLayout> = new Map([
  [5, NUMBER],
  [7, NUMBER],
  [9, { attributes: 9, count: 4, double: 5 }],
  [10, { attributes: 1, count: 4, double: 5 }],
  [11, { attributes: 7, count: 4, double: 5 }],
]);

const TEMPORALITY_DELTA = 1;

/** Reads a metric with its points. */
export function readPoints(
  reader: WireReader,
  end: number,
  origin: Origin,
  rows: PointRow[],
): undefined {
  let name = "";
  let unit = "";
  let data: readonly [layout: PointLayout, start: number, end: number] | undefined;
  while (reader.at < end) {
    const tag = reader.varint(end);
    const layout = (tag & 7) === 2 ? LAYOUTS.get(tag >>> 3) : undefined;
    if (tag === tagOf(1, 2)) name = reader.text(end);
    else if (tag === tagOf(3, 2)) unit = reader.text(end);
    else if (layout === undefined) reader.skip(tag, end);
    else {
      const inner = reader.enter(end);
      data = [layout, reader.at, inner];
      reader.at = inner;
    }
  }
  if (data !== undefined) readData(reader, data, { origin, name, unit }, rows);
  return undefined;
}

function readData(
  reader: WireReader,
  [layout, start, end]: readonly [PointLayout, number, number],
  metric: Pick<PointRow, "origin" | "name" | "unit">,
  rows: PointRow[],
): void {
  const delta = findTemporality(reader, start, end) === TEMPORALITY_DELTA;
  reader.at = start;
  while (reader.at < end) {
    const tag = reader.varint(end);
    if (tag === tagOf(1, 2)) {
      rows.push(readPoint(reader, reader.enter(end), layout, { ...metric, delta }));
    } else reader.skip(tag, end);
  }
}

function findTemporality(reader: WireReader, start: number, end: number): number {
  let temporality = 0;
  reader.at = start;
  while (reader.at < end) {
    const tag = reader.varint(end);
    if (tag === tagOf(2, 0)) temporality = reader.varint(end);
    else reader.skip(tag, end);
  }
  return temporality;
}

function readPoint(
  reader: WireReader,
  end: number,
  layout: PointLayout,
  metric: Pick<PointRow, "origin" | "name" | "unit" | "delta">,
): PointRow {
  const point: PointRow = {
    ...metric,
    timeNs: 0n,
    value: 0,
    count: undefined,
    attributes: { names: [], values: [] },
  };
  while (reader.at < end) {
    const tag = reader.varint(end);
    if (tag === tagOf(3, 1)) point.timeNs = reader.fixed64(end);
    else if (tag === tagOf(layout.attributes, 2)) readKeyValue(reader, end, point.attributes);
    else if (tag === tagOf(layout.double, 1)) point.value = reader.double(end);
    else if (tag === tagOf(layout.count ?? 0, 1)) point.count = Number(reader.fixed64(end));
    else if (tag === tagOf(layout.int ?? 0, 1)) {
      point.value = Number(BigInt.asIntN(64, reader.fixed64(end)));
    } else reader.skip(tag, end);
  }
  return point;
}
