/** By what a call is told from others. */
export interface CallMark {
  /** The id of the answer. */
  readonly id: string;
  /** The id of the request, where the agent writes it. */
  readonly request?: string | undefined;
  /** The line may repeat a call of another thread of its session under a request of its own. */
  readonly mayReplay?: boolean | undefined;
}

/** Of a slot's words: two halves of the key's hash, the request's hash, and who saw it with a flag. */
const WORDS = 4;
const REPLAY_BIT = 0x8000_0000;
const FIRST_SLOTS = 1 << 12;

/**
 * The calls of all transcripts that are read in one go: agents write one call into several lines and, when a
 * session is forked, resumed or copied, into several files. Millions of calls may be seen, so that a table of
 * hashes (64 bits a key) stands here for a map of strings: it costs some 40 bytes a call and no collection.
 */
export class SeenCalls {
  #table = new Uint32Array(FIRST_SLOTS * WORDS);
  #slots = FIRST_SLOTS;
  #size = 0;
  #readers = 0;

  /** A number for a reader, to claim calls with. */
  addReader(): number {
    this.#readers += 1;
    return this.#readers;
  }

  /** Two requests with one answer's id are two calls, unless one may be a replay of the other. */
  keyOf({ id, request, mayReplay = false }: CallMark, reader: number): string {
    const slot = this.#find(id);
    const first = this.#table[slot + 3] ?? 0;
    if (first === 0 || this.#table[slot + 2] === shortHash(request)) return id;
    const isReplay = mayReplay || (first & REPLAY_BIT) !== 0;
    return isReplay && (first & ~REPLAY_BIT) === reader ? id : `${id} ${request}`;
  }

  /** The reader that saw a call first; undefined for a new one. */
  ownerOf(key: string): number | undefined {
    const owner = (this.#table[this.#find(key) + 3] ?? 0) & ~REPLAY_BIT;
    return owner === 0 ? undefined : owner;
  }

  add(key: string, { request, mayReplay = false }: CallMark, reader: number): void {
    if (this.#size * 2 >= this.#slots) this.#grow();
    const slot = this.#find(key);
    const owner = mayReplay ? reader | REPLAY_BIT : reader;
    this.#table.set([...longHash(key), shortHash(request), owner], slot);
    this.#size += 1;
  }

  /** The slot that has the key, or the free one where it belongs. */
  #find(key: string): number {
    const [low, high] = longHash(key);
    return this.#probe(low, high);
  }

  #probe(low: number, high: number): number {
    let slot = low & (this.#slots - 1);
    for (;;) {
      const at = slot * WORDS;
      const isFree = this.#table[at + 3] === 0;
      if (isFree || (this.#table[at] === low && this.#table[at + 1] === high)) return at;
      slot = (slot + 1) & (this.#slots - 1);
    }
  }

  #grow(): void {
    const old = this.#table;
    this.#slots *= 2;
    this.#table = new Uint32Array(this.#slots * WORDS);
    for (let at = 0; at < old.length; at += WORDS) {
      if (old[at + 3] === 0) continue;
      const place = this.#probe(old[at] ?? 0, old[at + 1] ?? 0);
      this.#table.set(old.subarray(at, at + WORDS), place);
    }
  }
}

/** 64 bits of a text, in halves: two products of it that are mixed at the end (cyrb64). */
function longHash(text: string): readonly [low: number, high: number] {
  let low = 0xdeadbeef;
  let high = 0x41c6ce57;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 0x9e3779b1);
    high = Math.imul(high ^ code, 0x5f356495);
  }
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  return [low >>> 0, high >>> 0];
}

const shortHash = (text = ""): number => longHash(text)[0];
