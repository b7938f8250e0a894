import { hash, randomUUID } from "node:crypto";
import type { AnyPayload } from "../payload.ts";
import { factsOf } from "./facts.ts";

/** Names what is sent of an event: the same for each attempt, and another for each receiver. */
export function messageId(payload: AnyPayload, destination: string): string {
  const { recordId } = factsOf(payload);
  if (recordId === undefined) return `msg_${randomUUID()}`;
  return `msg_${hash("sha256", `${recordId}\0${destination}`, "hex").slice(0, 32)}`;
}
