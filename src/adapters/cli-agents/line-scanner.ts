import { type Fields, isFields } from "./fields.ts";

/** No line of a real transcript is near this; a file without line ends must not fill the memory. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const LINE_FEED = 0x0a;
const OPENING = 0x7b;
const CLOSING = 0x7d;

/** A text to be found in a buffer, and where it comes next. */
interface Mark {
  readonly bytes: Buffer;
  next: number;
}

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0d || byte === 0x09;

/**
 * Cuts the bytes of a transcript into lines and parses those that hold one of some texts: most of a
 * transcript's bytes are prompts and tool results that say nothing of usage.
 */
export class LineScanner {
  readonly #marks: readonly Mark[];
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** The line that is being read is too long, and is left out. */
  #isSkipping = false;
  readonly #take: (line: Fields) => void;
  #lines = 0;
  #broken = 0;

  /** Without texts every line is parsed. */
  constructor(take: (line: Fields) => void, texts: readonly string[] = []) {
    this.#take = take;
    this.#marks = texts.map((text) => ({ bytes: Buffer.from(text), next: -1 }));
  }

  get lines(): number {
    return this.#lines;
  }

  /** Whole lines that are no JSON object. */
  get broken(): number {
    return this.#broken;
  }

  /** Takes the next bytes, which the caller may overwrite afterwards; gives out the lines they complete. */
  push(chunk: Buffer): void {
    let start = 0;
    const first = chunk.indexOf(LINE_FEED);
    if (first >= 0 && this.#restBytes > 0) {
      this.#keep(chunk.subarray(0, first));
      this.#endRest();
      start = first + 1;
    }
    for (const mark of this.#marks) mark.next = chunk.indexOf(mark.bytes, start);
    for (let end = chunk.indexOf(LINE_FEED, start); end >= 0; ) {
      this.#takeLine(chunk, start, end);
      start = end + 1;
      end = chunk.indexOf(LINE_FEED, start);
    }
    this.#keep(chunk.subarray(start));
  }

  /** The file is at its end. A last line that is torn is no broken one: its writer may not be done. */
  end(): void {
    const { broken } = this;
    if (this.#restBytes > 0) this.#endRest();
    this.#broken = broken;
  }

  /** More may come, also of the last line: it is taken where it is a whole object already. */
  takeWhole(): void {
    if (this.#restBytes === 0 || this.#isSkipping) return;
    const line = Buffer.concat(this.#rest);
    this.#rest = [line];
    if (line.at(-1) === CLOSING && parseFields(line.toString()) !== undefined) this.#endRest();
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#restBytes += bytes.length;
    this.#isSkipping ||= this.#restBytes > MAX_LINE_BYTES;
    if (this.#isSkipping) this.#rest = [];
    else this.#rest.push(Buffer.from(bytes));
  }

  #endRest(): void {
    const line = Buffer.concat(this.#rest);
    const isSkipped = this.#isSkipping;
    this.#rest = [];
    this.#restBytes = 0;
    this.#isSkipping = false;
    for (const mark of this.#marks) mark.next = line.indexOf(mark.bytes);
    if (isSkipped) this.#reject();
    else this.#takeLine(line, 0, line.length);
  }

  #reject(): void {
    this.#lines += 1;
    this.#broken += 1;
  }

  #takeLine(buffer: Buffer, from: number, until: number): void {
    let start = from;
    let end = until;
    while (start < end && isSpace(buffer[start])) start += 1;
    while (end > start && isSpace(buffer[end - 1])) end -= 1;
    if (start === end) return;
    if (buffer[start] !== OPENING || buffer[end - 1] !== CLOSING) {
      this.#reject();
      return;
    }
    this.#lines += 1;
    if (this.#hasMark(buffer, start, end)) this.#parse(buffer, start, end);
  }

  #hasMark(buffer: Buffer, start: number, end: number): boolean {
    if (this.#marks.length === 0) return true;
    let isFound = false;
    for (const mark of this.#marks) {
      if (mark.next >= 0 && mark.next < start) mark.next = buffer.indexOf(mark.bytes, start);
      if (mark.next >= 0 && mark.next < end) isFound = true;
    }
    return isFound;
  }

  #parse(buffer: Buffer, start: number, end: number): void {
    const line = parseFields(buffer.toString("utf8", start, end));
    if (line === undefined) this.#broken += 1;
    else this.#take(line);
  }
}

function parseFields(json: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
