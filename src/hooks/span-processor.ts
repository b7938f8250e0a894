import { diag, SpanStatusCode } from "@opentelemetry/api";
import { describeFailure } from "../lifecycle/failure.ts";
import { takePending } from "../lifecycle/hand-over.ts";
import { SCOPE_NAME } from "../semconv/turnspan.ts";
import type { HookEngine } from "./engine.ts";
import type { SpanHookName } from "./points.ts";
import { describeSpan, isAgentSpan, type SeenSpan } from "./third-party.ts";

/**
 * Dispatches hooks as spans start and end: what our own lifecycle put into the slot for this very span,
 * and other libraries' agent spans, which are only observed. Fits the SDK's SpanProcessor, major 2 and 3;
 * register it before the exporting ones. Never throws: an SDK would let that out into the host, and the
 * processors behind this one would not see the span.
 */
export class HookSpanProcessor {
  readonly #engine: HookEngine;
  /** Bags of third-party spans, from their start to their end. */
  readonly #bags = new WeakMap<object, Record<string, unknown>>();
  #complained = false;

  constructor(engine: HookEngine) {
    this.#engine = engine;
  }

  onStart(span: SeenSpan, _parentContext?: unknown): void {
    try {
      // A sampler or a processor before us may start spans of its own while ours is in the slot.
      if (isOwn(span)) takePending("start")?.dispatch(span.spanContext());
      else if (this.#engine.listensTo("beforeTurn")) this.#observe("beforeTurn", span);
    } catch (error) {
      this.#complain(error);
    }
  }

  onEnd(span: SeenSpan): void {
    try {
      if (isOwn(span)) {
        takePending("end")?.dispatch(span.spanContext());
        return;
      }
      const hook = span.status.code === SpanStatusCode.ERROR ? "onTurnError" : "afterTurn";
      if (this.#engine.listensTo(hook)) this.#observe(hook, span);
    } catch (error) {
      this.#complain(error);
    }
  }

  #observe(hook: SpanHookName, span: SeenSpan): void {
    if (!isAgentSpan(span)) return;
    const meta = this.#bags.get(span) ?? {};
    this.#bags.set(span, meta);
    this.#engine.observeSpan(hook, describeSpan(hook, span, meta, this.#engine.log));
  }

  #complain(error: unknown): void {
    if (this.#complained) return;
    this.#complained = true;
    diag.error(`turnspan: hooks of a span were not called: ${describeFailure(error).error}`);
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

const isOwn = (span: SeenSpan): boolean => span.instrumentationScope.name === SCOPE_NAME;
