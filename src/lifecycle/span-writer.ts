import type { Context, Link, SpanContext } from "@opentelemetry/api";
import * as own from "../semconv/turnspan.ts";
import type { LifecycleRecord } from "./records.ts";
import type { CallState, RunState } from "./state.ts";

/** Turns records into spans: opened at their start, or written whole at their end. */
export interface SpanWriter {
  write(record: LifecycleRecord): void;
  /** The context in which a run's or call's own code should run. */
  contextOf(subject: RunState | CallState): Context;
}

const kinds = {
  session: { [own.ATTR_LINK_KIND]: own.LINK_KIND_VALUE_SESSION },
  previous: { [own.ATTR_LINK_KIND]: own.LINK_KIND_VALUE_PREVIOUS_SESSION },
  spawnedBy: { [own.ATTR_LINK_KIND]: own.LINK_KIND_VALUE_SPAWNED_BY },
  host: { [own.ATTR_LINK_KIND]: own.LINK_KIND_VALUE_HOST_SPAN },
} as const;

export const linkTo = (context: SpanContext, kind: keyof typeof kinds): Link => ({
  context,
  attributes: kinds[kind],
});
