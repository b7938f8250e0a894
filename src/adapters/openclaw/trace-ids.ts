import type { TraceIds } from "../../lifecycle/events.ts";
import { record, text } from "./fields.ts";
import {
  type HostTrace,
  type Memory,
  type RunMemory,
  rememberRequest,
  rememberTurnSpan,
  type TurnSpan,
} from "./memory.ts";

/** The ids on a payload or a hook's context; undefined where a part that matters is missing. */
export function hostTrace(value: unknown): HostTrace | undefined {
  const trace = record(value);
  const traceId = text(trace["traceId"]);
  const spanId = text(trace["spanId"]);
  if (traceId === undefined || spanId === undefined) return undefined;
  return { traceId, spanId, parentSpanId: text(trace["parentSpanId"]) };
}

/** Ids of a call's span: the gateway sends them to model providers, so they are adopted as they are. */
export const callTrace = (trace: HostTrace | undefined): TraceIds | undefined =>
  trace === undefined ? undefined : { traceId: trace.traceId, spanId: trace.spanId };

/**
 * Chooses the span of a run from its harness span. A turn takes the id of the request that caused it. Where
 * that id already stands for another turn, or the run was caused by another run, it takes the harness's own.
 */
export function adoptSpan(memory: Memory, run: RunMemory, harness: HostTrace): TraceIds {
  const { traceId, spanId: harnessId, parentSpanId: above } = harness;
  const owner = above === undefined ? undefined : memory.turnSpans.get(above);
  const takesRequest =
    above !== undefined && owner === undefined && !run.isSubagent && !isAnnouncement(run.runId);
  // A run seen first below this one may have taken the harness's id for a request's: ids are never shared.
  if (!takesRequest && memory.turnSpans.get(harnessId)?.spanId === harnessId) return { traceId };
  const span: TurnSpan = {
    runId: run.runId,
    traceId,
    spanId: takesRequest ? above : harnessId,
    isRequest: takesRequest,
  };
  run.span = span;
  run.traceId = traceId;
  if (takesRequest) rememberTurnSpan(memory, above, span);
  rememberTurnSpan(memory, harnessId, span);
  if (takesRequest) return { traceId, spanId: above, ...outerParent(memory, run, above) };
  const parent = owner ?? parentTurn(memory, run);
  return parent?.traceId === traceId
    ? { traceId, spanId: harnessId, parentSpanId: parent.spanId }
    : { traceId, spanId: harnessId };
}

const parentTurn = (memory: Memory, run: RunMemory): TurnSpan | undefined =>
  run.parentRunId === undefined ? undefined : memory.runs.get(run.parentRunId)?.span;

/** What stands above a request: a turn of ours, or a span of the caller's outside the host. */
function outerParent(memory: Memory, run: RunMemory, requestId: string): Partial<TraceIds> {
  const above = memory.requestParents.get(requestId);
  if (above === undefined) return {};
  run.hasParent = true;
  const turn = memory.turnSpans.get(above);
  return turn === undefined
    ? { parentSpanId: above, parentIsRemote: true }
    : { parentSpanId: turn.spanId };
}

/** A further span of the gateway's that stands for the run: its run span, or a retry's harness span. */
export function noteRunSpan(memory: Memory, run: RunMemory, trace: HostTrace): void {
  if (run.span !== undefined) rememberTurnSpan(memory, trace.spanId, run.span);
}

/**
 * Learns the parent of a request's span. Returns the ids that are news for the turn that took the request's
 * id: the gateway may name the caller's span only after the turn.
 */
export function noteRequest(
  memory: Memory,
  trace: HostTrace | undefined,
): { readonly run: RunMemory; readonly trace: TraceIds } | undefined {
  if (trace?.parentSpanId === undefined) return undefined;
  const turn = memory.turnSpans.get(trace.spanId);
  if (turn === undefined) {
    rememberRequest(memory, trace.spanId, trace.parentSpanId);
    return undefined;
  }
  if (!turn.isRequest || turn.spanId !== trace.spanId) return undefined;
  const run = memory.runs.get(turn.runId);
  if (run === undefined || run.hasParent) return undefined;
  rememberRequest(memory, trace.spanId, trace.parentSpanId);
  const { traceId, spanId } = turn;
  return { run, trace: { traceId, spanId, ...outerParent(memory, run, spanId) } };
}

/** A turn in which the parent is told of its finished subagent; only its run id says so. */
export const isAnnouncement = (runId: string): boolean => runId.startsWith("announce:");
