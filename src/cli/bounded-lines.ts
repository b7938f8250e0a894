/** A line that is too long to be read as one. */
export interface LongLine {
  readonly bytes: number;
}

const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = "\ufeff";

/**
 * Cuts a stream of bytes into lines, without their ends and without the mark that some editors put before
 * the first. Of a line of more than `maxBytes` only the length is given: memory stays bounded, whatever
 * comes. Ends early, without an error, once `signal` is aborted.
 */
export async function* boundedLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal,
): AsyncGenerator<string | LongLine> {
  const line = new LineBuffer(maxBytes);
  for await (const chunk of untilAborted(chunks, signal)) {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      line.add(chunk.subarray(from, at));
      from = at + 1;
      yield line.take();
    }
    line.add(chunk.subarray(from));
  }
  if (!line.isEmpty && !signal.aborted) yield line.take();
}

/** The parts of one line. */
class LineBuffer {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #isFirst = true;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  add(part: Uint8Array): void {
    this.#bytes += part.length;
    if (this.#bytes > this.#maxBytes) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  take(): string | LongLine {
    const bytes = this.#bytes;
    const text = bytes > this.#maxBytes ? undefined : Buffer.concat(this.#parts).toString();
    const isFirst = this.#isFirst;
    this.#parts = [];
    this.#bytes = 0;
    this.#isFirst = false;
    if (text === undefined) return { bytes };
    const marked = isFirst && text.startsWith(BYTE_ORDER_MARK);
    return text.slice(marked ? 1 : 0, text.endsWith("\r") ? -1 : undefined);
  }
}

/** What comes until then: a read that waits for a terminal would never notice the signal by itself. */
async function* untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  // Not raced against one promise of the signal: that would keep every item until the end.
  let stop: (nothing: undefined) => void = () => {};
  const onAbort = (): void => stop(undefined);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    while (!signal.aborted) {
      const next = await new Promise<IteratorResult<T> | undefined>((resolve, reject) => {
        stop = resolve;
        iterator.next().then(resolve, reject);
      });
      if (next === undefined || next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
