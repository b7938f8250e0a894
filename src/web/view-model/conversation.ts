import type { Content } from "../../server/api-trace-types.ts";

/** A piece of a message. `json` is what could not be read as anything better. */
export interface Block {
  readonly type: "text" | "reasoning" | "call" | "result" | "json";
  /** The tool's name, of a call. */
  readonly title: string | null;
  readonly text: string;
}

export interface Message {
  readonly role: string;
  readonly blocks: readonly Block[];
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What a piece of content is about, from the end of its attribute's name. */
const attributeRoles: readonly (readonly [ending: RegExp, role: string])[] = [
  [/system/, "system"],
  [/arguments$/, "arguments"],
  [/(result|response)$/, "result"],
  [/(output|completion)/, "assistant"],
  [/(input|prompt|messages)/, "user"],
];

const roleOf = (attribute: string): string =>
  attributeRoles.find(([ending]) => ending.test(attribute))?.[1] ?? attribute;

const titles: ReadonlyMap<string, string> = new Map([
  ["system", "Instructions"],
  ["arguments", "Arguments"],
  ["result", "Result"],
  ["assistant", "Output"],
  ["user", "Input"],
]);

/** What a piece of content is to a reader; where that is not known, its attribute. */
export const titleOf = ({ attribute }: Content): string =>
  titles.get(roleOf(attribute)) ?? attribute;

/** Reads content of any dialect; what is no message stays as it is. */
export const readMessages = ({ attribute, parts }: Content): Message[] =>
  parts.map((part) => readMessage(part, roleOf(attribute)));

function readMessage(part: string, role: string): Message {
  const value = parseJson(part);
  if (typeof value === "string") return { role, blocks: [textBlock(value)] };
  if (!isFields(value)) return { role, blocks: [textBlock(part)] };
  const inner = isFields(value["message"]) ? value["message"] : value;
  const isMessage = ["role", "parts", "content", "tool_calls"].some((key) =>
    Object.hasOwn(inner, key),
  );
  if (!isMessage) return { role, blocks: [readBlock(inner)] };
  const blocks = [
    ...readBlocks(inner["parts"] ?? inner["content"]),
    ...readBlocks(inner["tool_calls"]),
  ];
  return {
    role: typeof inner["role"] === "string" ? inner["role"] : role,
    blocks: blocks.length === 0 ? [jsonBlock(inner)] : blocks,
  };
}

function parseJson(part: string): unknown {
  const first = part.trimStart()[0];
  if (first !== "{" && first !== "[" && first !== '"') return part;
  try {
    return JSON.parse(part);
  } catch {
    return part;
  }
}

function readBlocks(value: unknown): Block[] {
  if (value == null || value === "") return [];
  if (typeof value === "string") return [textBlock(value)];
  return Array.isArray(value) ? value.map(readBlock) : [readBlock(value)];
}

function readBlock(value: unknown): Block {
  if (!isFields(value)) return textBlock(toText(value));
  const called = isFields(value["function"]) ? value["function"] : value;
  const type = typeof value["type"] === "string" ? value["type"] : "";
  if (/result|response/.test(type)) {
    return { type: "result", title: nameOf(value), text: toText(findFirst(value, RESULT_KEYS)) };
  }
  if (/tool|function|call/.test(type) || Object.hasOwn(called, "arguments")) {
    return { type: "call", title: nameOf(called), text: toText(findFirst(called, CALL_KEYS)) };
  }
  const text = findFirst(value, TEXT_KEYS);
  if (typeof text !== "string") return jsonBlock(value);
  return /reason|think/.test(type)
    ? { type: "reasoning", title: null, text }
    : { type: "text", title: null, text };
}

const CALL_KEYS = ["arguments", "input", "parameters"];
const RESULT_KEYS = ["response", "result", "content", "output"];
const TEXT_KEYS = ["content", "text", "thinking", "reasoning"];

const findFirst = (value: Fields, keys: readonly string[]): unknown =>
  keys
    .map((key) => (Object.hasOwn(value, key) ? value[key] : undefined))
    .find((one) => one != null);

const nameOf = (value: Fields): string | null =>
  typeof value["name"] === "string" ? value["name"] : null;

const textBlock = (text: string): Block => ({ type: "text", title: null, text });
const jsonBlock = (value: unknown): Block => ({ type: "json", title: null, text: toText(value) });

/** Texts as they are; everything else as JSON that can be read. */
function toText(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value !== "string") return JSON.stringify(value, undefined, 2);
  const parsed = parseJson(value);
  return isFields(parsed) || Array.isArray(parsed) ? JSON.stringify(parsed, undefined, 2) : value;
}
