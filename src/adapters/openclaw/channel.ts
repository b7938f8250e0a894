import { setTimeout as sleep } from "node:timers/promises";
import type { ActionParts } from "../../sdk/config-file.ts";
import type { HostApi } from "./host-api.ts";
import { loadOutbound } from "./host-modules.ts";
import type { Route } from "./routes.ts";
import type { SharedState } from "./shared-state.ts";

type Channel = NonNullable<ActionParts["channel"]>;
type Message = Parameters<Channel["send"]>[0];
type About = Parameters<Channel["send"]>[1];

/**
 * What arrives whole through either of the host's forms of a button: the documented one puts 12 bytes of
 * its own before a value, and drops a button that is longer than Telegram's 64 without a word.
 */
const MAX_CALLBACK_BYTES = 52;
/** A gateway that has just started refuses to send for a while. */
const ATTEMPTS = 4;
const RETRY_MS = 1_500;

/** What stands before the colon of a token, in place of a value that was too long. */
export const TOKEN = "ts";

/** The host's own channels, for `send`: a message goes to the conversation that its session belongs to. */
export function createChannel(api: HostApi, state: SharedState): Channel {
  return {
    maxCallbackBytes: MAX_CALLBACK_BYTES,
    send: async (message, payload) => {
      const route = findRoute(state, payload);
      if (route === undefined) {
        throw new Error(`session ${payload.sessionKey} belongs to no conversation on a channel`);
      }
      noteTokens(message, payload, route, state.sentTokens);
      await sendBatch(api, route, message);
    },
  };
}

function findRoute({ observation }: SharedState, payload: About): Route | undefined {
  const parent = "parent" in payload ? payload.parent?.sessionKey : undefined;
  const keys = [payload.sessionKey, parent].filter((key) => key !== undefined);
  for (const key of keys) {
    const route = observation?.routes.find(key);
    if (route !== undefined) return route;
  }
  return undefined;
}

function noteTokens(
  message: Message,
  payload: About,
  { to }: Route,
  sent: SharedState["sentTokens"],
): void {
  for (const { callbackData } of message.buttons.flat()) {
    if (!callbackData.startsWith(`${TOKEN}:`)) continue;
    sent.set(callbackData, { owner: payload.sessionKey ?? "", to });
  }
}

async function sendBatch(api: HostApi, route: Route, { text, buttons }: Message): Promise<void> {
  const outbound = await loadOutbound();
  if (outbound?.sendDurableMessageBatch === undefined) {
    throw new Error("this version of OpenClaw has no way to send messages for a plugin");
  }
  const blocks = buttons.map((row) => ({
    type: "buttons",
    buttons: row.map((button) => ({ label: button.text, value: button.callbackData })),
  }));
  const batch = {
    cfg: api.runtime?.config?.current?.() ?? api.config,
    ...route,
    payloads: [{ text, ...(blocks.length > 0 && { presentation: { blocks } }) }],
  };
  for (let attempt = 1; ; attempt += 1) {
    const { status, error } = await outbound.sendDurableMessageBatch(batch);
    if (status === "sent") return;
    if (status !== "failed" || attempt === ATTEMPTS) {
      const why = error instanceof Error ? error.message : (error ?? "");
      throw new Error(`the message to ${route.channel} was not sent: ${status} ${why}`.trim());
    }
    await sleep(RETRY_MS, undefined, { ref: false });
  }
}
