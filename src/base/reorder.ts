/** What the buffer sorts by: time first, then rank, then key. Equal in all three is one and the same. */
export interface Ordered {
  readonly time: number;
  readonly rank: number;
  readonly key: string;
}

export interface ReorderOptions {
  /** How far behind the newest arrival an item's own time may lie and still find its place. */
  readonly holdMs: number;
  /** Items held at most; past it the oldest leave early and are counted. Default 100,000. */
  readonly maxHeld?: number | undefined;
}

const DEFAULT_MAX_HELD = 100_000;
const NOTHING: readonly never[] = [];

function compare(left: Ordered, right: Ordered): number {
  if (left.time !== right.time) return left.time - right.time;
  if (left.rank !== right.rank) return left.rank - right.rank;
  if (left.key === right.key) return 0;
  return left.key < right.key ? -1 : 1;
}

/**
 * Puts items that arrive late and in any order back into the order of their own times. An item waits until
 * the newest arrival is more than `holdMs` past its time; an exact repetition inside that window is dropped.
 * The order that comes out depends on the items alone, as long as none is later than `holdMs`.
 */
export class ReorderBuffer<T extends Ordered> {
  readonly #holdMs: number;
  readonly #maxHeld: number;
  /** A binary heap, smallest first. */
  readonly #heap: T[] = [];
  #watermark = Number.NEGATIVE_INFINITY;
  #last: T | undefined;
  #duplicates = 0;
  #releasedEarly = 0;

  constructor(options: ReorderOptions) {
    this.#holdMs = options.holdMs;
    this.#maxHeld = Math.max(1, options.maxHeld ?? DEFAULT_MAX_HELD);
  }

  get held(): number {
    return this.#heap.length;
  }

  /** Items dropped as repetitions. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** Items that left before their time because the buffer was full. */
  get releasedEarly(): number {
    return this.#releasedEarly;
  }

  /** Takes an item that arrived at `arrival`; returns what may leave now, in order. */
  push(item: T, arrival: number): readonly T[] {
    this.#insert(item);
    return this.advance(arrival);
  }

  /** Says that something arrived at `arrival` which is not kept; returns what may leave now, in order. */
  advance(arrival: number): readonly T[] {
    if (arrival > this.#watermark) this.#watermark = arrival;
    const due = this.#watermark - this.#holdMs;
    let head = this.#heap[0];
    if (head === undefined || !(head.time < due || this.#heap.length > this.#maxHeld)) {
      return NOTHING;
    }
    const released: T[] = [];
    while (head !== undefined && (head.time < due || this.#heap.length > this.#maxHeld)) {
      if (head.time >= due) this.#releasedEarly += 1;
      this.#release(head, released);
      head = this.#heap[0];
    }
    return released;
  }

  /** All that is held, in order. */
  flush(): readonly T[] {
    const released: T[] = [];
    for (let head = this.#heap[0]; head !== undefined; head = this.#heap[0]) {
      this.#release(head, released);
    }
    return released;
  }

  #release(head: T, released: T[]): void {
    this.#removeHead();
    if (this.#last !== undefined && compare(this.#last, head) === 0) {
      this.#duplicates += 1;
      return;
    }
    this.#last = head;
    released.push(head);
  }

  #insert(item: T): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(item);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || compare(parent, item) <= 0) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = item;
  }

  #removeHead(): void {
    const heap = this.#heap;
    const item = heap.pop();
    if (item === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const below = this.#smallerChild(at);
      const child = heap[below];
      if (child === undefined || compare(child, item) >= 0) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = item;
  }

  #smallerChild(at: number): number {
    const left = this.#heap[2 * at + 1];
    const right = this.#heap[2 * at + 2];
    if (left === undefined || right === undefined) return 2 * at + 1;
    return compare(right, left) < 0 ? 2 * at + 2 : 2 * at + 1;
  }
}
