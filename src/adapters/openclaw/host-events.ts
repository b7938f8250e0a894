import { type Fields, number, record, text } from "./fields.ts";

/**
 * By which of its ways the gateway spoke: a typed plugin hook, an internal hook, the diagnostic stream,
 * an agent event, or the plugin's own service being started and stopped.
 */
export type HostEventKind = "typed" | "internal" | "diagnostic" | "agent" | "service";

/** One thing the gateway said, at its own time in epoch milliseconds. */
export interface HostEvent {
  readonly kind: HostEventKind;
  /** The hook's name; `type:action`, `stream:phase` or the stream where the payload names it. */
  readonly name: string;
  readonly time: number;
  readonly event: Fields;
  readonly ctx: Fields;
}

/** The name under which a payload is known to the table of host events. */
export function eventName(kind: HostEventKind, name: unknown, event: Fields): string {
  if (kind === "internal") return `${text(event["type"]) ?? ""}:${text(event["action"]) ?? ""}`;
  if (kind !== "agent") return text(name) ?? text(event["type"]) ?? "";
  const stream = text(event["stream"]) ?? "";
  const phase = text(record(event["data"])["phase"]);
  return phase === undefined ? stream : `${stream}:${phase}`;
}

/** The payload's own time: diagnostics are delivered up to 2 s late, so their arrival says nothing. */
export function ownTime(kind: HostEventKind, event: Fields): number | undefined {
  if (kind === "diagnostic" || kind === "agent") return number(event["ts"]);
  if (kind !== "internal") return undefined;
  const { timestamp } = event;
  if (timestamp instanceof Date) return number(timestamp.getTime());
  return typeof timestamp === "string" ? number(Date.parse(timestamp)) : number(timestamp);
}
