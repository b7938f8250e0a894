// A model of every provider, on a free port of the loopback; prints the port, and keeps what it was asked in the file
// that is named, a line of JSON each. Words in a prompt decide what it does:
// TOOL calls a tool, SUBAGENT starts a subagent, FAIL is an error of the provider, SLOW takes a minute.
import { appendFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { json as readJson } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { anthropic } from "./anthropic.ts";
import { type Ask, answerTo, fields } from "./ask.ts";
import { gemini } from "./gemini.ts";
import { openAiChat } from "./openai-chat.ts";
import { openAiResponses } from "./openai-responses.ts";
import type { Provider } from "./provider.ts";

const PROVIDERS = [anthropic, openAiChat, openAiResponses, gemini];
const SLOW_MS = 60_000;
const [, , log] = process.argv;
let asked = 0;

const say = (response: ServerResponse, status: number, type: string, body: string): void =>
  void response.writeHead(status, { "content-type": type }).end(body);

async function serve(provider: Provider, ask: Ask, response: ServerResponse): Promise<void> {
  const isOwn = ask.tools.length > 0 && !ask.hasResult;
  if (isOwn && /\bSLOW/.test(ask.said)) await sleep(SLOW_MS);
  if (isOwn && /\bFAIL/.test(ask.said)) {
    const { status, body } = provider.failure;
    return say(response, status, "application/json", JSON.stringify(body));
  }
  const { type, body } = provider.write(ask, answerTo(ask));
  say(response, 200, type, body);
}

const server = createServer(async (request, response) => {
  const url = request.url ?? "";
  const provider = PROVIDERS.find(({ path }) => path.test(url));
  if (provider === undefined || request.method !== "POST") {
    const known = /count_?tokens/i.test(url) ? { input_tokens: 100, totalTokens: 100 } : {};
    return say(response, 200, "application/json", JSON.stringify({ ...known, data: [] }));
  }
  const body = fields(await readJson(request).catch(() => ({})));
  asked += 1;
  if (log !== undefined) appendFileSync(log, `${JSON.stringify(body)}\n`);
  await serve(provider, { id: asked, ...provider.read(body, url) }, response);
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(typeof address === "object" ? address?.port : address);
});
