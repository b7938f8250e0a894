/** Texts that are kept, and bytes of the longest one. */
const SLOTS = 4096;
const MAX_BYTES = 48;

const kept = new Array<string>(SLOTS).fill("");

function isSame(text: string, bytes: Buffer, start: number): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (text.charCodeAt(at) !== bytes[start + at]) return false;
  }
  return true;
}

/**
 * Reads UTF-8. Names of attributes, agents and models come with every span: a short text that came lately is not
 * made again, which saves its memory, and its hash where it is looked up.
 */
export function readText(bytes: Buffer, start: number, end: number): string {
  const length = end - start;
  if (length > MAX_BYTES) return bytes.toString("utf8", start, end);
  let hash = length;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    // Only ASCII has a character for each byte.
    if (byte > 127) return bytes.toString("utf8", start, end);
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  const slot = hash & (SLOTS - 1);
  const known = kept[slot] ?? "";
  if (known.length === length && isSame(known, bytes, start)) return known;
  const text = bytes.toString("latin1", start, end);
  kept[slot] = text;
  return text;
}
