import type { LifecycleEvent } from "../../lifecycle/events.ts";
import type { HostEvent } from "./host-events.ts";
import { findRow } from "./host-table.ts";
import { createMemory, type Memory, sweep } from "./memory.ts";
import { NO_EVENTS } from "./runs.ts";

export interface Translator {
  /** What was heard so far; to look things up in. */
  readonly memory: Memory;
  /** What one thing the gateway said means; often nothing. Same host events, same result. */
  translate(host: HostEvent): readonly LifecycleEvent[];
}

/**
 * Translates what an OpenClaw gateway says into lifecycle events, live or from a recording. Host events
 * should come roughly in the order of their own times; what is late is merged by the lifecycle.
 */
export function createTranslator(): Translator {
  const memory = createMemory();
  return {
    memory,
    translate(host) {
      sweep(memory, host.time);
      return findRow(host.kind, host.name)?.take(memory, host) ?? NO_EVENTS;
    },
  };
}
