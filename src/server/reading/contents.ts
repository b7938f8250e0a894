import { contentNames } from "../../semconv/read-names.ts";
import type { AttributeValue } from "../api-types.ts";
import { MAX_CONTENT_CHARS, MAX_VALUE_CHARS } from "../otlp/limits.ts";
import type { AttributeList } from "../otlp/rows.ts";
import { FlatMessages, mayBeFlat } from "./flat-messages.ts";
import { splitJsonArray } from "./json-array.ts";
import { previewOf } from "./preview.ts";

export interface ContentPiece {
  readonly attribute: string;
  readonly parts: readonly string[];
}

/** A span's attributes without content as the text of a JSON object, and its content apart. */
export interface SplitAttributes {
  readonly json: string;
  readonly content: readonly ContentPiece[];
  readonly inputPreview: string | null;
  readonly outputPreview: string | null;
}

type Side = "input" | "output" | "other";

const ranks: ReadonlyMap<string, { readonly side: Side; readonly rank: number }> = new Map(
  Object.entries(contentNames).map(([name, side], rank) => [name, { side, rank }]),
);

const NO_CONTENT: readonly ContentPiece[] = [];

/** What is known of a name: names are few, and come with every span. */
interface KnownName {
  /** As it stands in JSON, with its colon. */
  readonly quoted: string;
  readonly isContent: boolean;
  readonly mayBeFlat: boolean;
}

const knownNames = new Map<string, KnownName>();
const MAX_KNOWN = 4096;

function lookUp(name: string): KnownName {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  const found = {
    quoted: `${JSON.stringify(name.slice(0, MAX_VALUE_CHARS))}:`,
    isContent: ranks.has(name),
    mayBeFlat: mayBeFlat(name),
  };
  if (knownNames.size < MAX_KNOWN) knownNames.set(name, found);
  return found;
}

const SHORT_CHARS = 64;
const QUOTE = 34;
const BACKSLASH = 92;

/** Most values are short and plain: to look is twice as fast as to have them escaped. */
function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 32 || code > 126 || code === QUOTE || code === BACKSLASH) return false;
  }
  return true;
}

function quote(text: string): string {
  if (text.length <= SHORT_CHARS && isPlain(text)) return `"${text}"`;
  const isLong = text.length > MAX_VALUE_CHARS;
  return JSON.stringify(isLong ? `${text.slice(0, MAX_VALUE_CHARS).toWellFormed()}…` : text);
}

/** A value as JSON, cut where it is longer than anything of use. */
function toJson(value: AttributeValue): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return quote(value);
  const json = JSON.stringify(value);
  return json.length > MAX_VALUE_CHARS ? '"[too long]"' : json;
}

/** The text of a JSON object: written by hand, so that a name of others never becomes a property. */
export function attributesJson({ names, values }: AttributeList): string {
  let json = "";
  for (let at = 0; at < names.length; at += 1) {
    json += `${json === "" ? "{" : ","}${lookUp(names[at] ?? "").quoted}${toJson(values[at] ?? null)}`;
  }
  return json === "" ? "{}" : `${json}}`;
}

/** Takes messages, arguments and results out of a span's attributes. */
export function splitAttributes(list: AttributeList): SplitAttributes {
  const { names, values } = list;
  let json = "";
  let content: ContentPiece[] | undefined;
  let flat: FlatMessages | undefined;
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at] ?? "";
    const value = values[at] ?? null;
    const known = lookUp(name);
    if (known.isContent) {
      content ??= [];
      content.push({ attribute: name, parts: toParts(value) });
      continue;
    }
    if (known.mayBeFlat) {
      flat ??= new FlatMessages();
      if (flat.take(name, value)) continue;
    }
    json += `${json === "" ? "{" : ","}${known.quoted}${toJson(value)}`;
  }
  if (flat !== undefined) content = withFlat(content ?? [], flat);
  return { json: json === "" ? "{}" : `${json}}`, ...describeContent(content) };
}

function withFlat(content: readonly ContentPiece[], flat: FlatMessages): ContentPiece[] {
  const pieces = [...flat.read()].map(([attribute, parts]) => ({ attribute, parts }));
  return [...content, ...pieces];
}

/** One part a message where it is a JSON array, else the whole text. */
function toParts(value: AttributeValue): string[] {
  if (Array.isArray(value)) {
    return value.map((one) => cut(typeof one === "string" ? one : JSON.stringify(one)));
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return splitJsonArray(text)?.map(cut) ?? [cut(text)];
}

const cut = (text: string): string =>
  text.length > MAX_CONTENT_CHARS ? `${text.slice(0, MAX_CONTENT_CHARS).toWellFormed()}…` : text;

function describeContent(pieces: ContentPiece[] | undefined): Omit<SplitAttributes, "json"> {
  if (pieces === undefined) return { content: NO_CONTENT, inputPreview: null, outputPreview: null };
  const rankOf = (piece: ContentPiece): number => ranks.get(piece.attribute)?.rank ?? 0;
  const content = pieces.toSorted((one, other) => rankOf(one) - rankOf(other));
  return {
    content,
    inputPreview: findPreview(content, "input"),
    outputPreview: findPreview(content, "output"),
  };
}

/** What was said last: the message that was answered, and the answer. */
function findPreview(content: readonly ContentPiece[], side: Side): string | null {
  for (const { attribute, parts } of content) {
    const last = parts.at(-1);
    if (ranks.get(attribute)?.side !== side || last === undefined) continue;
    const preview = previewOf(last);
    if (preview !== null) return preview;
  }
  return null;
}
