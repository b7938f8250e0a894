import { randomFillSync } from "node:crypto";
import type { SpanIds } from "./state.ts";

const POOL_BYTES = 4096;

/** Random hex, from a pool: asking the system for each id costs more than all else of a span's start. */
class RandomHex {
  readonly #pool = Buffer.alloc(POOL_BYTES);
  #used = POOL_BYTES;

  take(bytes: number): string {
    if (this.#used + bytes > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const from = this.#used;
    this.#used += bytes;
    return this.#pool.toString("hex", from, this.#used);
  }
}

/**
 * An id generator for a tracer provider of ours: the next span gets the ids put in the slot, any other
 * random ones. Starting a span is synchronous and asks for the span id first, then, for a root, the
 * trace id; a foreign provider never asks. What is left in the slot is gone with the next question.
 */
export class PresetIds {
  readonly #random = new RandomHex();
  #spanId: string | undefined;
  #traceId: string | undefined;

  generateSpanId(): string {
    const id = this.#spanId;
    this.#spanId = undefined;
    // Another span's question: a processor or a hook started it inside ours, which had no use for the rest.
    if (id === undefined) this.#traceId = undefined;
    return id ?? this.#random.take(8);
  }

  generateTraceId(): string {
    const id = this.#traceId;
    this.#traceId = undefined;
    return id ?? this.#random.take(16);
  }

  /** Runs one span's start with these ids in the slot. */
  with<T>(ids: SpanIds, start: () => T): T {
    this.#spanId = ids.spanId;
    this.#traceId = ids.traceId;
    try {
      return start();
    } finally {
      this.#spanId = undefined;
      this.#traceId = undefined;
    }
  }
}
