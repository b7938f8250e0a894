import path from "node:path";
import { type Damage, listSegments } from "../base/segment-reader.ts";
import { listWriters } from "../base/writer-lock.ts";
import { ATTR_GEN_AI_AGENT_ID, ATTR_SESSION_ID } from "../semconv/gen-ai.ts";
import { ATTR_SESSION_KEY } from "../semconv/turnspan.ts";
import { BatchReader } from "./batch-reader.ts";
import type { OutgoingRecord } from "./otlp-records.ts";

/** A record, or a gap as one, and the log it stands in. */
export interface TrailRecord extends OutgoingRecord {
  readonly writer: string;
}

/** Which records are wanted; what is absent takes all. */
export interface TrailFilter {
  /** Epoch milliseconds; `until` is not included. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** The session's key or id. */
  readonly session?: string | undefined;
  readonly agent?: string | undefined;
  /** Event names. */
  readonly events?: readonly string[] | undefined;
}

export interface TrailOptions {
  readonly filter?: TrailFilter | undefined;
  readonly onDamage?: ((writer: string, damage: Damage) => void) | undefined;
  /** Called with the number of records read so far, wanted or not. */
  readonly onRecords?: ((count: number) => void) | undefined;
}

const LIMITS = { maxRecords: 4096, maxBytes: 1024 * 1024 };

/**
 * Reads the trails of all writers of an audit folder as one. Each writer's records come in their own
 * order; between writers the earlier time goes first.
 */
export async function* readTrail(
  root: string,
  { filter = {}, onDamage, onRecords }: TrailOptions = {},
): AsyncGenerator<TrailRecord> {
  const heads: Head[] = [];
  for (const writer of await listWriters(root)) {
    const records = readWriter(root, writer, onDamage);
    const { value } = await records.next();
    if (value) heads.push({ record: value, records });
  }
  for (let count = 1; heads.length > 0; count += 1) {
    const head = earliest(heads);
    onRecords?.(count);
    if (isWanted(head.record, filter)) yield head.record;
    const { value } = await head.records.next();
    if (value) head.record = value;
    else heads.splice(heads.indexOf(head), 1);
  }
}

interface Head {
  record: TrailRecord;
  readonly records: AsyncGenerator<TrailRecord, void>;
}

const earliest = (heads: readonly Head[]): Head =>
  heads.reduce((one, other) =>
    other.record.record.timestamp < one.record.record.timestamp ? other : one,
  );

async function* readWriter(
  root: string,
  writer: string,
  onDamage: TrailOptions["onDamage"],
): AsyncGenerator<TrailRecord, void> {
  const folder = path.join(root, writer);
  const last = (await listSegments(folder)).at(-1);
  if (last === undefined) return;
  const until = { segment: last.number, offset: Number.POSITIVE_INFINITY };
  const reader = new BatchReader(folder, writer, { segment: 0, offset: 0, seq: 0, owner: null });
  for (;;) {
    const batch = await reader.next(LIMITS, until);
    if (batch === undefined) return;
    for (const damage of batch.damage) onDamage?.(writer, damage);
    for (const record of batch.records) yield { writer, ...record };
  }
}

function isWanted({ record }: TrailRecord, filter: TrailFilter): boolean {
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY, events } = filter;
  const { timestamp, attributes, eventName } = record;
  if (timestamp < since || timestamp >= until) return false;
  if (events !== undefined && !events.includes(eventName)) return false;
  if (filter.agent !== undefined && attributes[ATTR_GEN_AI_AGENT_ID] !== filter.agent) return false;
  if (filter.session === undefined) return true;
  return [attributes[ATTR_SESSION_KEY], attributes[ATTR_SESSION_ID]].includes(filter.session);
}
