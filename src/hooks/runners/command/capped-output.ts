import type { Readable } from "node:stream";

/** What a process wrote to one stream, as far as it is kept. */
export interface CappedText {
  readonly text: string;
  /** Bytes that were read and thrown away. */
  readonly droppedBytes: number;
}

/** Enough for any decision; the rest is read, so that the writer is not held up, and thrown away. */
const KEPT_BYTES = 64 * 1024;

/** Reads a stream to its end or until `stop`; never throws, whatever the stream does. */
export class CappedOutput {
  readonly #stream: Readable;
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  #droppedBytes = 0;

  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => this.#take(chunk));
    stream.on("error", () => undefined);
  }

  #take(chunk: Buffer): void {
    const { length } = chunk;
    const kept = Math.min(length, KEPT_BYTES - this.#keptBytes);
    if (kept > 0) this.#kept.push(Buffer.from(chunk.subarray(0, kept)));
    this.#keptBytes += kept;
    this.#droppedBytes += length - kept;
    if (kept < length) freeNow(chunk);
  }

  /** Closes our end: a process that lives on gets an error where it goes on writing. */
  stop(): void {
    this.#stream.destroy();
  }

  /** A character that was cut in two, by the cap or by its writer, becomes a replacement character. */
  read(): CappedText {
    return { text: Buffer.concat(this.#kept).toString("utf8"), droppedBytes: this.#droppedBytes };
  }
}

/**
 * Gives a chunk's memory back at once. The garbage collector lets more than 60 MB of such chunks gather
 * before it looks; nobody else has seen this one.
 */
function freeNow(chunk: Buffer): void {
  const { buffer, byteLength } = chunk;
  const isItsOwn = buffer.byteLength === byteLength;
  if (isItsOwn && buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}
