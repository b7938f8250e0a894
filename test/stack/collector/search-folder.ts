import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import path from "node:path";

const CHUNK = 4 * 1024 * 1024;
const ZEROS = Buffer.alloc(CHUNK);

/** Which of these texts stand anywhere in the files of a folder, byte for byte. */
export function findInFolder(place: string, texts: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const entry of readdirSync(place, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) findInFile(path.join(entry.parentPath, entry.name), texts, found);
  }
  return found;
}

/** Chunk by chunk: databases make files of gigabytes that are empty for the most part. */
function findInFile(file: string, texts: readonly string[], found: Set<string>): void {
  const needles = texts.map((text) => ({ text, bytes: Buffer.from(text) }));
  const overlap = Math.max(...needles.map(({ bytes }) => bytes.length));
  const chunk = Buffer.alloc(CHUNK);
  const descriptor = openSync(file, "r");
  for (let at = 0, read = CHUNK; read === CHUNK; at += CHUNK - overlap) {
    read = readSync(descriptor, chunk, 0, CHUNK, at);
    const part = chunk.subarray(0, read);
    if (part.equals(ZEROS.subarray(0, read))) continue;
    for (const { text, bytes } of needles) if (part.includes(bytes)) found.add(text);
  }
  closeSync(descriptor);
}
