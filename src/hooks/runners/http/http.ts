import type { ConfiguredHook, HookAction } from "../../config/configured-hook.ts";
import { DEFAULT_TIMEOUT_MS, type GuardAnswer } from "../../entry.ts";
import { destinationOf } from "../../outbox/outbox.ts";
import type { AnyPayload } from "../../payload.ts";
import { hookPoints } from "../../points.ts";
import { eventText } from "../event-text.ts";
import { toAnswer } from "../guard-answer.ts";
import { messageId } from "../message-id.ts";
import { outgoingEvent } from "../outgoing-event.ts";
import type { HookRunner, RunnerWorld } from "../runner.ts";
import { fillTemplate } from "../send/template.ts";
import { formatOf } from "./formats.ts";
import { readTargetUrl, sendHttp } from "./sender.ts";

type HttpAction = Extract<HookAction, { type: "http" }>;

/** What stands in an outbox: the trace goes with the message, however late that is sent. */
interface Letter {
  readonly text: string;
  readonly traceparent: string | undefined;
}

/** Posts each event. Where a turn waits for the answer it is asked once; everything else goes through the outbox. */
export function createHttpRunner(
  action: HttpAction,
  hook: ConfiguredHook,
  world: RunnerWorld,
): HookRunner {
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = hook;
  const isAsked = hookPoints[hook.hook] === "guard" && (action.format ?? "json") === "json";
  const destination = destinationOf(hook.id, [action.url, action.format, action.chatId]);
  world.outbox.register(destination, async ({ id, body }) => {
    const { text, traceparent }: Letter = JSON.parse(body);
    const post = { target: action, id, body: text, traceparent, timeoutMs, keepsAlive: false };
    await sendHttp(post, world);
  });
  const tell = (payload: AnyPayload): Promise<void> => {
    const letter: Letter = {
      text: writeBody(action, hook, payload, world),
      traceparent: payload.traceparent,
    };
    return world.outbox.post({
      id: messageId(payload, hook.id),
      destination,
      body: JSON.stringify(letter),
    });
  };
  const ask = async (payload: AnyPayload): Promise<GuardAnswer | undefined> => {
    const { traceparent } = payload;
    const body = writeBody(action, hook, payload, world);
    const id = messageId(payload, hook.id);
    const post = { target: action, id, body, traceparent, timeoutMs, keepsAlive: true };
    return readReply((await sendHttp(post, world)).body);
  };
  return {
    run: (payload) => (isAsked && !("thirdParty" in payload) ? ask(payload) : tell(payload)),
  };
}

function writeBody(
  action: HttpAction,
  { content }: ConfiguredHook,
  payload: AnyPayload,
  { env }: RunnerWorld,
): string {
  if ((action.format ?? "json") === "json") return JSON.stringify(outgoingEvent(payload, content));
  const format = formatOf(action.format);
  const { message, chatId } = action;
  const text =
    message === undefined
      ? eventText(payload, format.escape)
      : fillTemplate(message, payload, format.escape);
  const about = { url: readTargetUrl(action, env), chatId };
  return JSON.stringify(format.body({ text, buttons: [] }, about));
}

/** An empty answer lets the turn pass; one that is no JSON object is a failure. */
function readReply(body: string): GuardAnswer | undefined {
  if (body.trim() === "") return undefined;
  const said: unknown = JSON.parse(body);
  if (typeof said !== "object" || said === null || Array.isArray(said))
    throw new Error("the answer is no JSON object");
  return toAnswer(said);
}
