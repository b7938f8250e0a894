import type { Actor } from "../../lifecycle/events.ts";
import { text } from "./fields.ts";
import type { HostEvent } from "./host-events.ts";
import { type HostTrace, type Memory, rememberRequester } from "./memory.ts";
import { hostTrace } from "./trace-ids.ts";

/** The gateway's own request that changes a session's settings. */
const PATCH_METHOD = "sessions.patch";

/** Inside a request the gateway makes a span for each hook it calls: the request's own is above that. */
const requestOf = ({ parentSpanId, spanId }: HostTrace): string => parentSpanId ?? spanId;

/** A request of a client's: what it asks for is an operator's doing. */
export function noteRpc(memory: Memory, { event }: HostEvent): void {
  const trace = hostTrace(event["trace"]);
  if (trace === undefined || text(event["method"]) !== PATCH_METHOD) return;
  const evidence = `gateway request ${PATCH_METHOD}`;
  rememberRequester(memory, trace.spanId, { kind: "operator", evidence });
}

/** A message that may hold a command: what happens while it is dispatched is its sender's doing. */
export function noteSender(memory: Memory, { event, ctx }: HostEvent): void {
  const trace = hostTrace(ctx["trace"]);
  const content = text(event["content"]);
  if (trace === undefined || content?.startsWith("/") !== true) return;
  const [command] = content.split(/\s/, 1);
  const evidence = `command ${command} of message ${text(event["messageId"]) ?? "without id"}`;
  const id = text(event["senderId"]) ?? text(ctx["senderId"]);
  rememberRequester(memory, requestOf(trace), { kind: "sender", id, evidence });
}

/** Who made a change, by the span it was made in; undefined where that proves nothing. */
export function findActor(memory: Memory, host: HostEvent): Actor | undefined {
  const trace = hostTrace(host.ctx["trace"]);
  if (trace === undefined) return undefined;
  const request = requestOf(trace);
  return findAgent(memory, request) ?? memory.requesters.get(request);
}

/** The agent itself, where a tool of its run is at work in that span. */
function findAgent(memory: Memory, spanId: string): Actor | undefined {
  const run = memory.runs.get(memory.turnSpans.get(spanId)?.runId ?? "");
  const [open] = run?.openTools ?? [];
  if (run === undefined || open === undefined) return undefined;
  const [callId, name] = open;
  return { kind: "agent", id: run.agentId, evidence: `tool call ${callId} (${name})` };
}
