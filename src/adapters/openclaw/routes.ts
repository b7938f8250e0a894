import { RecentMap } from "../../base/recent-map.ts";
import { record, text } from "./fields.ts";
import type { HostEvent } from "./host-events.ts";

/** A conversation outside, as the host addresses it. */
export interface Route {
  readonly channel: string;
  readonly to: string;
  readonly accountId: string | undefined;
  readonly threadId: string | number | undefined;
}

/** Channels inside of the gateway: nothing can be sent there from outside a turn. */
const INTERNAL: ReadonlySet<string> = new Set(["webchat", "internal"]);
const MAX_ROUTES = 10_000;

/** Which conversation a session belongs to: the one its last message came from. */
export class Routes {
  readonly #routes = new RecentMap<string, Route>(MAX_ROUTES);

  note(host: HostEvent): void {
    if (host.name === "message_received") this.#noteMessage(host);
    if (host.name === "subagent_spawned") this.#noteSpawn(host);
  }

  find(sessionKey: string): Route | undefined {
    return this.#routes.get(sessionKey);
  }

  #noteMessage({ event, ctx }: HostEvent): void {
    const about = record(event["metadata"]);
    this.#keep(text(event["sessionKey"]) ?? text(ctx["sessionKey"]), {
      channel: about["originatingChannel"] ?? ctx["channelId"],
      to: about["originatingTo"] ?? ctx["conversationId"],
      accountId: ctx["accountId"] ?? about["accountId"],
      threadId: about["threadId"],
    });
  }

  /** A child answers to the conversation that its spawner was asked in. */
  #noteSpawn({ event, ctx }: HostEvent): void {
    const requester = record(event["requester"]);
    this.#keep(text(event["childSessionKey"]), { ...requester });
    this.#keep(text(ctx["requesterSessionKey"]), { ...requester });
  }

  #keep(sessionKey: string | undefined, told: { readonly [field in keyof Route]?: unknown }): void {
    const channel = text(told.channel);
    const to = text(told.to);
    if (sessionKey === undefined || channel === undefined || to === undefined) return;
    if (INTERNAL.has(channel)) return;
    const { threadId } = told;
    this.#routes.set(sessionKey, {
      channel,
      to,
      accountId: text(told.accountId),
      threadId: typeof threadId === "number" ? threadId : text(threadId),
    });
  }
}
