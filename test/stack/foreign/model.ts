import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

interface ChatRequest {
  readonly messages: readonly { readonly role: string }[];
}

const USAGE = {
  prompt_tokens: 120,
  completion_tokens: 12,
  total_tokens: 132,
  prompt_tokens_details: { cached_tokens: 20 },
};
const CALL = {
  id: "call_1",
  type: "function",
  function: { name: "weather", arguments: '{"city":"Oslo"}' },
};

/** A model behind OpenAI's API that wants its tool called once, and answers then. */
export async function startModel(): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(async (request, response) => {
    const { messages } = (await json(request)) as ChatRequest;
    const isOver = messages.some(({ role }) => role === "tool");
    const message = isOver ? { content: "It is sunny." } : { content: null, tool_calls: [CALL] };
    const body = {
      id: `chatcmpl-${messages.length}`,
      object: "chat.completion",
      created: 1_795_249_275,
      model: "gpt-5-mini-2025-08-07",
      choices: [
        {
          index: 0,
          message: { role: "assistant", ...message },
          finish_reason: isOver ? "stop" : "tool_calls",
        },
      ],
      usage: USAGE,
    };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
