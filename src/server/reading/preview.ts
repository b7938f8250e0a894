const MAX_PREVIEW = 160;
/** A text as long as this is not read as JSON only to show its beginning. */
const MAX_PARSED = 65_536;
const MAX_DEPTH = 6;

/** Names under which messages and results of all dialects keep their text, in the order they are tried. */
const TEXT_KEYS = [
  "content",
  "text",
  "parts",
  "messages",
  "message",
  "prompt",
  "output",
  "response",
  "result",
  "value",
  "arguments",
  "name",
];

/** The beginning of what a message, an argument or a result says, on one line; `null` where it says nothing. */
export function previewOf(part: string): string | null {
  const text = textIn(part);
  const line = text
    .slice(0, 4 * MAX_PREVIEW)
    .replaceAll(/\s+/g, " ")
    .trim();
  if (line === "") return null;
  return line.length <= MAX_PREVIEW
    ? line
    : `${line
        .slice(0, MAX_PREVIEW - 1)
        .toWellFormed()
        .trimEnd()}…`;
}

function textIn(part: string): string {
  const first = part[0];
  if (part.length > MAX_PARSED || (first !== "{" && first !== "[" && first !== '"')) return part;
  try {
    const value: unknown = JSON.parse(part);
    return findText(value, 0) ?? (isMessage(value) || isEmpty(value, 0) ? "" : part);
  } catch {
    return part;
  }
}

/** A message that only calls tools says nothing. */
const isMessage = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.hasOwn(value, "role");

/** Lists and objects with nothing in them but more of them, such as a call's arguments where it had none. */
const isEmpty = (value: unknown, depth: number): boolean =>
  typeof value === "object" &&
  value !== null &&
  depth <= MAX_DEPTH &&
  Object.values(value).every((inside) => isEmpty(inside, depth + 1));

/** The first text that is found where messages keep theirs. */
function findText(value: unknown, depth: number): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return undefined;
  const inside = Array.isArray(value)
    ? value
    : TEXT_KEYS.filter((key) => Object.hasOwn(value, key)).map(
        (key) => (value as Readonly<Record<string, unknown>>)[key],
      );
  for (const one of inside) {
    const text = findText(one, depth + 1);
    if (text !== undefined) return text;
  }
  return undefined;
}
