import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text as readText } from "node:stream/consumers";

/** One call of the Bot API, with what it answered. */
export interface TelegramCall {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  result?: unknown;
}

interface Button {
  readonly text: string;
  readonly callback_data?: string;
}

export interface FakeTelegram extends AsyncDisposable {
  readonly token: string;
  readonly url: string;
  /** In order, without the polls for updates. */
  readonly calls: readonly TelegramCall[];
  /** A person writes to the bot. */
  write(user: number, words: string): void;
  /** A person presses a button of a message that the bot sent. */
  press(user: number, sent: TelegramCall, data: string): void;
}

const BOT = { id: 7000001, is_bot: true, first_name: "Bot", username: "some_bot" };
const TOKEN = "7000001:TESTTOKENtesttokenTESTTOKENtest0001";
const MAX_CALLBACK_BYTES = 64;

/** All buttons of a sent message. */
export function buttonsOf({ params }: TelegramCall): Button[] {
  const markup = params["reply_markup"] as { inline_keyboard?: Button[][] } | undefined;
  return markup?.inline_keyboard?.flat() ?? [];
}

/** The Telegram Bot API as far as the gateway's channel uses it, on loopback. */
export async function startFakeTelegram(): Promise<FakeTelegram> {
  const calls: TelegramCall[] = [];
  const updates: { update_id: number }[] = [];
  const polls = new Set<() => void>();
  let id = 1000;
  const push = (update: object): void => {
    updates.push({ update_id: ++id, ...update });
    for (const answer of polls) answer();
  };
  const poll = async (offset: number, timeoutMs: number, response: ServerResponse) => {
    while (updates[0] !== undefined && updates[0].update_id < offset) updates.shift();
    if (updates.length > 0) return updates;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    polls.add(resolve);
    response.on("close", resolve);
    await promise;
    clearTimeout(timer);
    polls.delete(resolve);
    return updates;
  };
  const chat = (of: unknown) => ({ id: Number(of), type: "private", first_name: "Ann" });
  const person = (of: number) => ({ id: of, is_bot: false, first_name: "Ann", username: "ann" });
  const now = (): number => Math.floor(Date.now() / 1000);
  const message = ({ params }: TelegramCall): object => ({
    message_id: Number(params["message_id"] ?? ++id),
    date: now(),
    from: BOT,
    chat: chat(params["chat_id"]),
    text: params["text"] ?? "",
    ...(params["reply_markup"] !== undefined && { reply_markup: params["reply_markup"] }),
  });
  const server = createServer(async (request, response) => {
    const method = request.url?.match(/^\/bot[^/]+\/(\w+)/)?.[1] ?? "";
    const params = await readParams(request);
    if (method === "getUpdates") {
      const seconds = Number(params["timeout"] ?? 0);
      answer(response, await poll(Number(params["offset"] ?? 0), seconds * 1000, response));
      return;
    }
    const call: TelegramCall = { method, params };
    calls.push(call);
    const tooLong = buttonsOf(call).find(
      ({ callback_data = "" }) => Buffer.byteLength(callback_data) > MAX_CALLBACK_BYTES,
    );
    if (tooLong !== undefined) {
      refuse(response, "Bad Request: BUTTON_DATA_INVALID");
      return;
    }
    call.result = resultOf(call, message);
    answer(response, call.result);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    token: TOKEN,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    write: (user, words) =>
      push({
        message: {
          message_id: ++id,
          date: now(),
          chat: chat(user),
          from: person(user),
          text: words,
        },
      }),
    press: (user, sent, data) =>
      push({
        callback_query: {
          id: String(++id),
          from: person(user),
          chat_instance: "1",
          data,
          message: sent.result,
        },
      }),
    [Symbol.asyncDispose]: async () => {
      for (const end of polls) end();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function resultOf(call: TelegramCall, message: (call: TelegramCall) => object): unknown {
  if (call.method === "getMe") return BOT;
  if (/^(send(?!ChatAction)|editMessage)/.test(call.method)) return message(call);
  return call.method === "getMyCommands" ? [] : true;
}

async function readParams(request: IncomingMessage): Promise<Record<string, unknown>> {
  const body = await readText(request);
  const isJson = request.headers["content-type"]?.includes("json") === true;
  const given: Record<string, unknown> = isJson
    ? JSON.parse(body || "{}")
    : Object.fromEntries(new URLSearchParams(body));
  const markup = given["reply_markup"];
  return typeof markup === "string" ? { ...given, reply_markup: JSON.parse(markup) } : given;
}

function answer(response: ServerResponse, result: unknown): void {
  if (response.destroyed) return;
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ ok: true, result }));
}

function refuse(response: ServerResponse, description: string): void {
  response.writeHead(400, { "content-type": "application/json" });
  response.end(JSON.stringify({ ok: false, error_code: 400, description }));
}
