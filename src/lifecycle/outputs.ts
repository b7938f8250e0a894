import type { Meter, Tracer } from "@opentelemetry/api";
import type { HookPort } from "./hand-over.ts";
import type { PresetIds } from "./preset-ids.ts";
import type { LoggerLike, WireRecord } from "./record-log.ts";
import type { SpanPolicy } from "./span-shape.ts";

/** Where records go. Absent: that kind of output is not made. */
export interface LifecycleOutputs {
  readonly tracer: Tracer;
  readonly spans: "live" | "deferred";
  readonly ids?: PresetIds | undefined;
  readonly traceScope: "turn" | "session";
  readonly policy: SpanPolicy;
  readonly hooks?: HookPort | undefined;
  /** Asked until there is one: a provider may be registered after us. */
  readonly findMeter?: (() => Meter | undefined) | undefined;
  readonly flushMetrics?: (() => void) | undefined;
  readonly findLogger?: (() => LoggerLike | undefined) | undefined;
  /** The audit lane: takes every record in the logger's place. */
  readonly append?: ((record: WireRecord) => void) | undefined;
  /** Sees every record beside whichever lane takes it. */
  readonly onRecord?: ((record: WireRecord) => void) | undefined;
  /** Told of what was dropped. Default: counted in `turnspan.telemetry.dropped`. */
  readonly onDrop?: CountDrop | undefined;
}

/** Counts what was lost: of which signal (`events`, `hooks`), why, and how many. */
export type CountDrop = (signal: "events" | "hooks", reason: string, count: number) => void;
