import type { ModelEnd, TraceIds } from "../../lifecycle/events.ts";
import { endRun } from "./end-events.ts";
import type { HostEvent } from "./host-events.ts";
import { COMPACTION_PAUSE_MS, type HostTrace, type Memory, type RunMemory } from "./memory.ts";
import { type Events, join, NO_EVENTS, sessionKeyOf } from "./runs.ts";

/** A compaction asks the model under a run id of its own; the trace is that of whatever it was part of. */
export function noteCompaction(memory: Memory, run: RunMemory, call: HostTrace | undefined): void {
  if (!run.isCompaction || run.isStarted || call === undefined) return;
  run.trace ??= traceUnder(memory, call);
}

/** Under the turn that it was part of, if it was part of one. */
function traceUnder({ turnSpans }: Memory, { traceId, parentSpanId }: HostTrace): TraceIds {
  const turn = parentSpanId === undefined ? undefined : turnSpans.get(parentSpanId);
  return turn?.traceId === traceId ? { traceId, parentSpanId: turn.spanId } : { traceId };
}

/** The last call may have been the last thing that is told of a compaction. */
export const endCompactionCall = (
  run: RunMemory,
  host: HostEvent,
  { outcome = "completed" }: Pick<ModelEnd, "outcome">,
): Events =>
  run.isCompaction
    ? endRun(run, host, "likely", { outcome, settleMs: COMPACTION_PAUSE_MS })
    : NO_EVENTS;

/** `session:compact:after`: only one that went well says so. */
export function completeCompaction(memory: Memory, host: HostEvent): Events {
  const sessionKey = sessionKeyOf(host);
  let events = NO_EVENTS;
  for (const run of memory.runs.values()) {
    if (!run.isCompaction || run.isCompacted || run.sessionKey !== sessionKey) continue;
    run.isCompacted = true;
    events = join(events, endRun(run, host, "final", { outcome: "completed" }));
  }
  return events;
}
