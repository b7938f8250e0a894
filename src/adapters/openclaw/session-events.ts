import type { Settings } from "../../lifecycle/events.ts";
import { findActor, noteSender } from "./actors.ts";
import { type Fields, record, text } from "./fields.ts";
import type { HostEvent } from "./host-events.ts";
import type { Memory } from "./memory.ts";
import { agentOf, type Events, joinModel, NO_EVENTS, sessionKeyOf } from "./runs.ts";

export function openSession(_memory: Memory, host: HostEvent): Events {
  const { event, ctx, time } = host;
  const sessionKey = sessionKeyOf(host);
  if (sessionKey === undefined) return NO_EVENTS;
  return [
    {
      type: "session.open",
      time,
      sessionKey,
      sessionId: text(event["sessionId"]) ?? text(ctx["sessionId"]),
      agentId: text(ctx["agentId"]) ?? agentOf(sessionKey),
      resumedFrom: text(event["resumedFrom"]),
    },
  ];
}

export function closeSession(_memory: Memory, host: HostEvent): Events {
  const { event, ctx, time } = host;
  const sessionKey = sessionKeyOf(host);
  if (sessionKey === undefined) return NO_EVENTS;
  return [
    {
      type: "session.close",
      time,
      sessionKey,
      sessionId: text(event["sessionId"]) ?? text(ctx["sessionId"]),
      reason: text(event["reason"]) ?? "unknown",
    },
  ];
}

/** The payload names nobody who asked for the change: that is read from the span it was made in. */
export function patchSession(memory: Memory, host: HostEvent): Events {
  const sessionKey = sessionKeyOf(host);
  if (sessionKey === undefined) return NO_EVENTS;
  const context = record(host.event["context"]);
  const entry = record(context["sessionEntry"]);
  const { cfg } = context;
  return [
    {
      type: "session.patch",
      time: host.time,
      sessionKey,
      sessionId: text(entry["sessionId"]),
      patch: withoutAddress(record(context["patch"])),
      entry: context["sessionEntry"],
      settings: context["sessionEntry"] === undefined ? undefined : settingsOf(entry),
      source: "session:patch",
      actor: findActor(memory, host),
      cfg: typeof cfg === "object" && cfg !== null ? cfg : undefined,
    },
  ];
}

/** A patch also says which session it is for: that is no change of it. */
function withoutAddress(patch: Fields): Settings {
  const { agentId: _agentId, expectedSessionId: _sessionId, ...settings } = patch;
  return settings;
}

/** Settings that the session entry and a patch call by the same name. */
const ENTRY_SETTINGS = [
  "label",
  "thinkingLevel",
  "verboseLevel",
  "reasoningLevel",
  "responseUsage",
  "elevatedLevel",
  "execHost",
  "execSecurity",
  "execAsk",
  "execNode",
  "spawnDepth",
  "sendPolicy",
  "groupActivation",
] as const;

/** All settings as they stand in the session entry, in the words of a patch. */
function settingsOf(entry: Fields): Settings {
  const settings: Record<string, unknown> = {};
  for (const field of ENTRY_SETTINGS) settings[field] = entry[field] ?? null;
  const model = modelOf(entry);
  if (model !== undefined) settings["model"] = model;
  return settings;
}

/** The model that was chosen, else the one that ran last; an entry without either knows none. */
function modelOf(entry: Fields): string | undefined {
  const chosen = text(entry["modelOverride"]);
  if (chosen !== undefined) return joinModel(text(entry["providerOverride"]), chosen);
  const used = text(entry["model"]);
  return used === undefined ? undefined : joinModel(text(entry["modelProvider"]), used);
}

export function receiveMessage(memory: Memory, host: HostEvent): Events {
  const { event, ctx, time } = host;
  noteSender(memory, host);
  const sessionKey = sessionKeyOf(host);
  if (sessionKey === undefined) return NO_EVENTS;
  return [
    {
      type: "message.received",
      time,
      sessionKey,
      agentId: agentOf(sessionKey),
      messageId: text(event["messageId"]) ?? text(ctx["messageId"]),
      channel: text(ctx["channelId"]),
      content: text(event["content"]),
      senderId: text(event["senderId"]) ?? text(ctx["senderId"]),
    },
  ];
}

export function sendMessage(_memory: Memory, host: HostEvent): Events {
  const { event, ctx, time } = host;
  const sessionKey = sessionKeyOf(host);
  if (sessionKey === undefined) return NO_EVENTS;
  const replyTo = text(event["replyToId"]);
  return [
    {
      type: "message.sent",
      time,
      sessionKey,
      agentId: agentOf(sessionKey),
      messageId:
        text(event["messageId"]) ?? (replyTo === undefined ? undefined : `${replyTo}:reply`),
      runId: text(event["runId"]) ?? text(ctx["runId"]),
      channel: text(ctx["channelId"]),
      content: text(event["content"]),
      success: typeof event["success"] === "boolean" ? event["success"] : undefined,
      error: text(event["error"]),
    },
  ];
}

/** Channels whose delivery never fires `message_sent`: being about to send is all they tell. */
const SILENT_CHANNELS: ReadonlySet<string> = new Set(["webchat"]);

export function prepareMessage(memory: Memory, host: HostEvent): Events {
  const channel = text(host.ctx["channelId"]) ?? "";
  return SILENT_CHANNELS.has(channel) ? sendMessage(memory, host) : NO_EVENTS;
}

export function beginShutdown(memory: Memory, _host: HostEvent): Events {
  memory.isStopping = true;
  return NO_EVENTS;
}

/** A plugin that is replaced stops as well, but its gateway and the sessions go on. */
export function stopGateway(memory: Memory, host: HostEvent): Events {
  memory.isStopping = text(host.event["reason"]) !== "plugin replacement";
  return NO_EVENTS;
}

/** Comes after the gateway has ended its sessions one by one; ends what it left open. */
export function stopService(memory: Memory, host: HostEvent): Events {
  if (!memory.isStopping) return NO_EVENTS;
  memory.isStopping = false;
  return [{ type: "host.stop", time: host.time, reason: "shutdown" }];
}
