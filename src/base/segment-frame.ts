import { crc32 } from "node:zlib";

/**
 * One frame of a segment: a line of text that holds canonical JSON (RFC 8785), preceded by its check.
 *
 *     <CRC-32 of the JSON, 8 hex digits> <length of the JSON in bytes, 8 hex digits> <JSON>\n
 *
 * JSON has no raw line feed, so a frame ends with the first one, and a damaged frame hides no other.
 */
const CHECK_BYTES = 18;
const LINE_FEED = 0x0a;

/** A frame may be this long; a longer one is damage, and is not looked for in memory. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** What parsing finds at an offset: the JSON of a frame and where the next one begins, or why there is none. */
export type ParsedFrame =
  | { readonly state: "whole"; readonly text: string; readonly end: number }
  | { readonly state: "incomplete" }
  | { readonly state: "damaged"; readonly claimedEnd: number | undefined };

const INCOMPLETE: ParsedFrame = { state: "incomplete" };
const HEX_CHECK = /^[0-9a-f]{8} [0-9a-f]{8} $/;

const hex = (value: number): string => value.toString(16).padStart(8, "0");

/** Parses the frame at `at`. Never throws; bytes that are no frame are `damaged`. */
export function parseFrame(bytes: Buffer, at: number): ParsedFrame {
  const start = at + CHECK_BYTES;
  if (start > bytes.length) return INCOMPLETE;
  const check = bytes.toString("latin1", at, start);
  // Strict, so that a flipped bit in the check itself is found too: `A` is no digit here.
  if (!HEX_CHECK.test(check)) return { state: "damaged", claimedEnd: undefined };
  const length = Number.parseInt(check.slice(9, 17), 16);
  if (length > MAX_FRAME_BYTES) return { state: "damaged", claimedEnd: undefined };
  const end = start + length + 1;
  if (end > bytes.length) return INCOMPLETE;
  const json = bytes.subarray(start, end - 1);
  const isWhole = bytes[end - 1] === LINE_FEED && hex(crc32(json)) === check.slice(0, 8);
  if (!isWhole) return { state: "damaged", claimedEnd: end };
  return { state: "whole", text: json.toString(), end };
}

/** Where the first whole frame after a damaged one begins; undefined where there is none. */
export function findNextFrame(
  bytes: Buffer,
  damaged: number,
  claimedEnd?: number,
): number | undefined {
  if (claimedEnd !== undefined && isFrame(bytes, claimedEnd)) return claimedEnd;
  for (let at = damaged; ; ) {
    const feed = bytes.indexOf(LINE_FEED, at);
    if (feed === -1) return undefined;
    at = feed + 1;
    if (isFrame(bytes, at)) return at;
  }
}

const isFrame = (bytes: Buffer, at: number): boolean => parseFrame(bytes, at).state === "whole";

const SPACE = 0x20;
const DIGITS = Buffer.from("0123456789abcdef");

/** Eight digits. By hand, since this happens with every record, and a text would be made of them first. */
function writeHex(bytes: Buffer, at: number, value: number): void {
  for (let digit = 0; digit < 8; digit += 1) {
    bytes[at + digit] = DIGITS[(value >>> (28 - 4 * digit)) & 15] ?? 0;
  }
}

const FIRST_CAPACITY = 16 * 1024;

/** Frames made ready for one write. Grows as it needs; `clear` keeps its memory for the next. */
export class FrameBuffer {
  #bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  #used = 0;

  get size(): number {
    return this.#used;
  }

  /** What was added so far. Valid until the next `add` or `clear`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#used);
  }

  /** Adds the frame of a text without line feeds; returns the frame's length in bytes. */
  add(json: string): number {
    const at = this.#used;
    // UTF-8 has at most three bytes for a UTF-16 unit.
    this.#reserve(CHECK_BYTES + 3 * json.length + 1);
    const start = at + CHECK_BYTES;
    const length = this.#bytes.write(json, start, "utf8");
    const end = start + length;
    const check = crc32(this.#bytes.subarray(start, end));
    writeHex(this.#bytes, at, check);
    this.#bytes[at + 8] = SPACE;
    writeHex(this.#bytes, at + 9, length);
    this.#bytes[at + 17] = SPACE;
    this.#bytes[end] = LINE_FEED;
    this.#used = end + 1;
    return this.#used - at;
  }

  clear(): void {
    this.#used = 0;
  }

  #reserve(bytes: number): void {
    const needed = this.#used + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#used);
    this.#bytes = larger;
  }
}
