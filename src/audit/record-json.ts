import type { AttributeValue } from "@opentelemetry/api";
import { RecentMap } from "../base/recent-map.ts";
import { mayHoldSecret, redactText } from "../base/redact.ts";
import { toCanonicalJson } from "../base/segment-entry.ts";
import type { WireRecord } from "../lifecycle/record-log.ts";

type Attributes = WireRecord["attributes"];

const MAX_REMEMBERED = 1024;
const MAX_REMEMBERED_LENGTH = 128;

/** The attributes of one event's records: in which order they stand in canonical JSON. */
interface Shape {
  /** As they come. */
  readonly names: readonly string[];
  readonly sorted: readonly string[];
  /** An object made in that order keeps it, and each name is text that JSON can say. */
  readonly isPlain: boolean;
}

/**
 * Writes records as canonical JSON (RFC 8785), without secrets. Records of one event mostly have the same
 * attributes in the same order, so that their canonical order is found once: the general way would take
 * four times as long.
 */
export class RecordWriter {
  /** The last shape of each event; there are as many events as in the table of records. */
  readonly #shapes = new Map<string, Shape>();
  /** Short texts without secrets: most of a record's are those of the one before. */
  readonly #clean = new RecentMap<string, true>(MAX_REMEMBERED);

  write(record: WireRecord): string {
    const { attributes: given } = record;
    const attributes = this.#mayHoldSecret(given) ? withoutSecrets(given) : given;
    const shape = this.#shapeOf(record.eventName, attributes);
    if (!shape.isPlain) return writeAnything(record, attributes);
    const json = JSON.stringify(inOrder(record, attributes, shape.sorted));
    return isDoubtful(json) ? writeAnything(record, attributes) : json;
  }

  #mayHoldSecret(attributes: Attributes): boolean {
    for (const name in attributes) {
      const value = attributes[name];
      if (typeof value === "string" && !this.#isClean(value)) return true;
      if (typeof value === "object" && mayHoldSecret(String(value))) return true;
    }
    return false;
  }

  #isClean(text: string): boolean {
    if (this.#clean.has(text)) return true;
    if (mayHoldSecret(text)) return false;
    if (text.length <= MAX_REMEMBERED_LENGTH) this.#clean.set(text, true);
    return true;
  }

  #shapeOf(eventName: string, attributes: Attributes): Shape {
    const names = Object.keys(attributes);
    const known = this.#shapes.get(eventName);
    if (known !== undefined && isSame(known.names, names)) return known;
    const shape = { names, sorted: names.toSorted(), isPlain: names.every(isPlainName) };
    this.#shapes.set(eventName, shape);
    return shape;
  }
}

function isSame(known: readonly string[], names: readonly string[]): boolean {
  if (known.length !== names.length) return false;
  for (let at = 0; at < names.length; at += 1) if (known[at] !== names[at]) return false;
  return true;
}

/** Names that look like an index come first in every object; this one is no property of its own. */
const isPlainName = (name: string): boolean =>
  !/^\d+$/.test(name) && name !== "__proto__" && name.isWellFormed();

/** The record with its keys in canonical order. */
function inOrder(record: WireRecord, attributes: Attributes, sorted: readonly string[]): object {
  const ordered: Record<string, AttributeValue | undefined> = {};
  for (const name of sorted) ordered[name] = attributes[name];
  return {
    attributes: ordered,
    eventName: record.eventName,
    severityNumber: record.severityNumber,
    severityText: record.severityText,
    spanId: record.spanId,
    timestamp: record.timestamp,
    traceId: record.traceId,
  };
}

/** JSON.stringify writes half a character as an escape and a number that is none as null: neither is canonical. */
const isDoubtful = (json: string): boolean => json.includes("\\ud") || json.includes("null");

/** The general way, for what JSON cannot say as it is. */
function writeAnything(record: WireRecord, attributes: Attributes): string {
  const sayable = Object.entries(attributes).map(
    ([name, value]) => [name.toWellFormed(), toSayable(value)] as const,
  );
  return toCanonicalJson({ ...record, attributes: Object.fromEntries(sayable) });
}

/** What comes nearest among what JSON can say: a text without half characters, a number's name. */
function toSayable(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return Array.isArray(value) ? value.map((item) => toSayable(item) ?? null) : value;
}

function withoutSecrets(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, cleanValue(value)]),
  );
}

function cleanValue(value: AttributeValue): AttributeValue {
  if (typeof value === "string") return redactText(value);
  if (!Array.isArray(value)) return value;
  return value.map((item) =>
    typeof item === "string" ? redactText(item) : item,
  ) as AttributeValue;
}
