import { randomBytes } from "node:crypto";
import type { SpanIds } from "./state.ts";

/**
 * An id generator for a tracer provider of ours: the next span gets the ids put in the slot, any other
 * random ones. Starting a span is synchronous and asks for the span id first, then, for a root, the
 * trace id. A foreign provider never asks; `take` empties the slot so that nothing leaks.
 */
export class PresetIds {
  #spanId: string | undefined;
  #traceId: string | undefined;

  generateSpanId(): string {
    const id = this.#spanId;
    this.#spanId = undefined;
    return id ?? randomBytes(8).toString("hex");
  }

  generateTraceId(): string {
    const id = this.#traceId;
    this.#traceId = undefined;
    return id ?? randomBytes(16).toString("hex");
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
