import type { SendAction } from "../../config/actions.ts";
import type { ConfiguredHook, HookAction } from "../../config/configured-hook.ts";
import { DEFAULT_TIMEOUT_MS } from "../../entry.ts";
import type { AnyPayload } from "../../payload.ts";
import { formatOf } from "../http/formats.ts";
import { readTargetUrl, sendHttp } from "../http/sender.ts";
import { messageId } from "../message-id.ts";
import type { HookRunner, RunnerWorld } from "../runner.ts";
import { createStdoutOutlet, type OutgoingMessage, type Outlet } from "./outlet.ts";
import { fillTemplate } from "./template.ts";

const DEFAULT_MESSAGE = "Working…";

/** Fills in a message and its buttons, and hands them to an outlet. */
export function createSendRunner(
  action: Extract<HookAction, { type: "send" }>,
  hook: ConfiguredHook,
  world: RunnerWorld,
): HookRunner {
  const outlet = findOutlet(action, hook, world);
  return {
    run: async (payload) => {
      if (outlet === undefined) throw new Error(NO_CHANNEL);
      await outlet.send(fillMessage(action, payload, outlet, world), payload);
    },
  };
}

const NO_CHANNEL = 'the host has no channel to send to; set "outlet" to "stdout" or to a url';

function findOutlet(
  { outlet = "channel" }: SendAction,
  hook: ConfiguredHook,
  world: RunnerWorld,
): Outlet | undefined {
  if (outlet === "channel") return world.channel;
  if (outlet === "stdout") return createStdoutOutlet(world.stdout);
  const format = formatOf(outlet.format);
  const timeoutMs = hook.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return {
    maxCallbackBytes: format.maxCallbackBytes,
    escape: format.escape,
    send: async (message, payload) => {
      const about = { url: readTargetUrl(outlet, world.env), chatId: outlet.chatId };
      const body = JSON.stringify(format.body(message, about));
      const id = messageId(payload, hook.id);
      const { traceparent } = payload;
      // A message that comes hours late, as an outbox may send it, would tell of what is long over.
      await sendHttp(
        { target: outlet, id, body, traceparent, timeoutMs, keepsAlive: false },
        world,
      );
    },
  };
}

function fillMessage(
  { message, buttons = [], defaultMessage }: SendAction,
  payload: AnyPayload,
  outlet: Outlet,
  { tokens, defaultMessage: usual }: RunnerWorld,
): OutgoingMessage {
  const template = message ?? defaultMessage ?? usual ?? DEFAULT_MESSAGE;
  const owner = payload.sessionKey ?? "";
  return {
    text: fillTemplate(template, payload, outlet.escape),
    buttons: buttons.map((row) =>
      row.map(({ text, callback_data }) => ({
        // Buttons are plain text everywhere.
        text: fillTemplate(text, payload),
        callbackData: tokens.shorten(
          fillTemplate(callback_data, payload),
          owner,
          outlet.maxCallbackBytes,
        ),
      })),
    ),
  };
}
