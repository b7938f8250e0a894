import { redactText } from "../../base/redact.ts";
import type { AnyPayload } from "../payload.ts";
import type { HookName } from "../points.ts";
import { factsOf } from "./facts.ts";

type Tell = (payload: Fields, who: string) => string;
type Fields = Readonly<Record<string, unknown>>;

/** What a message says where the entry has no text of its own; a sentence a hook. */
const sentences = {
  "session:start": (_, who) => `${who}: session started`,
  "session:end": ({ turnspan }, who) => `${who}: session ended (${fieldOf(turnspan, "reason")})`,
  "session:patch": ({ turnspan }, who) => `${who}: settings changed: ${changedFields(turnspan)}`,
  beforeTurn: ({ turnIndex }, who) => `${who}: turn ${turnIndex} begins`,
  afterTurn: ({ durationMs, costUsd }, who) =>
    `${who}: turn done in ${seconds(durationMs)}${costUsd === undefined ? "" : `, ${costUsd} USD`}`,
  onTurnError: ({ errorType, error }, who) => `${who}: turn failed (${errorType}): ${error}`,
  onMessageReceived: ({ channel = "" }, who) => `${who}: message received ${channel}`.trimEnd(),
  onMessageSent: ({ channel = "" }, who) => `${who}: message sent ${channel}`.trimEnd(),
  onSubagentSpawned: ({ label = "" }, who) => `${who} started ${label}`.trimEnd(),
  onSubagentFinished: ({ label = "", outcome }, who) => `${who} finished ${label} (${outcome})`,
  onSubagentKilled: ({ label = "" }, who) => `${who} was stopped ${label}`.trimEnd(),
} as const satisfies Record<HookName, Tell>;

/** One line about an event, for chats. Values are made harmless for the receiver by `disarm`. */
export function eventText(payload: AnyPayload, disarm: (text: string) => string): string {
  const tell: Tell = sentences[payload.hookPoint];
  const who = factsOf(payload).agentName ?? payload.agentId ?? "agent";
  return disarm(redactText(tell({ ...payload }, who)));
}

function fieldOf(value: unknown, name: string): string {
  if (typeof value !== "object" || value === null) return "";
  return String(Object.getOwnPropertyDescriptor(value, name)?.value ?? "");
}

/** Names only: the values of some settings are nobody's business. */
function changedFields(value: unknown): string {
  const changes: unknown = Object(value).changes;
  return Array.isArray(changes) ? changes.map((change) => fieldOf(change, "field")).join(", ") : "";
}

const seconds = (ms: unknown): string => `${(Number(ms) / 1000).toFixed(1)} s`;
