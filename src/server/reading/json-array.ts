const QUOTE = 34;
const BACKSLASH = 92;
const OPENING = new Set([91, 123]);
const CLOSING = new Set([93, 125]);
const COMMA = 44;

/** Where a JSON string that begins at `start` ends: at its closing quote, or at the end of the text. */
function endOfString(text: string, start: number): number {
  let at = start;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
}

/**
 * Splits the text of a JSON array into the texts of its items, without reading them: a history of messages is
 * the same in each call but for its last ones, and is kept once. `undefined` where it is no array.
 */
export function splitJsonArray(text: string): string[] | undefined {
  if (text.charCodeAt(0) !== 91 || text.charCodeAt(text.length - 1) !== 93) return undefined;
  const items: string[] = [];
  let depth = 0;
  let start = 1;
  for (let at = 1; at < text.length - 1; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (OPENING.has(code)) depth += 1;
    else if (CLOSING.has(code)) depth -= 1;
    else if (code === COMMA && depth === 0) {
      items.push(text.slice(start, at).trim());
      start = at + 1;
    }
    if (depth < 0) return undefined;
  }
  const last = text.slice(start, -1).trim();
  if (depth !== 0) return undefined;
  return last === "" && items.length === 0 ? [] : [...items, last];
}
