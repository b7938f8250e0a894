import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

type Asked = Pick<ServedCall, "asked" | "toolResults">;

/** One answered or refused request, as the provider itself knows it. */
export interface ServedCall {
  readonly model: string;
  /** `00-<trace id>-<span id>-01` as the gateway sent it. */
  readonly traceparent: string | undefined;
  readonly status: number;
  /** Undefined where the request was refused. */
  readonly usage: ServedUsage | undefined;
  /** What the user asked last. */
  readonly asked: string;
  /** What tools answered to that so far. */
  readonly toolResults: readonly string[];
}

interface ServedUsage {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
}

export interface MockProvider extends AsyncDisposable {
  /** To the API's root, with `/v1`. */
  readonly url: string;
  readonly served: readonly ServedCall[];
  /** How many requests wait to be released. */
  readonly held: number;
  /** Answers all requests that are held. */
  release(): void;
}

interface ChatMessage {
  readonly role: string;
  readonly content?: string | readonly { readonly text?: string }[];
}

interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly stream?: boolean;
}

interface ToolUse {
  readonly name: string;
  readonly args: object;
}

interface Behaviour {
  readonly status?: number;
  readonly tool?: ToolUse;
  readonly text?: string;
  /** Until when the answer waits: the release of all that is held, or the caller's giving up. */
  readonly waitsFor?: "release" | "end";
}

const textOf = ({ content = "" }: ChatMessage): string =>
  typeof content === "string" ? content : content.map(({ text = "" }) => text).join("");

/** The gateway puts a message of its own after the user's. */
const isUsers = (message: ChatMessage): boolean =>
  message.role === "user" && !textOf(message).includes("OPENCLAW_INTERNAL_CONTEXT");

/** Words in the last user message pick what happens. */
function decide(messages: readonly ChatMessage[]): Behaviour & Asked {
  const last = messages.findLastIndex(isUsers);
  const asked = messages[last] === undefined ? "" : textOf(messages[last]);
  const toolResults = messages
    .slice(last + 1)
    .filter(({ role }) => role === "tool")
    .map(textOf);
  return { asked, toolResults, ...behaviourOf(asked, toolResults.length > 0) };
}

function behaviourOf(asked: string, isToolDone: boolean): Behaviour {
  if (asked.includes("MOCK500")) return { status: 500 };
  if (asked.includes("MOCK400")) return { status: 400 };
  const tool = isToolDone ? undefined : findTool(asked);
  if (tool !== undefined) return { tool };
  return {
    text: `mock reply: ${asked.slice(-40)}`,
    ...(asked.includes("MOCKHOLD") && { waitsFor: "release" }),
    ...(asked.includes("MOCKSLOW") && { waitsFor: "end" }),
  };
}

function findTool(asked: string): ToolUse | undefined {
  if (asked.includes("MOCKMODEL")) {
    return { name: "session_status", args: { model: "mock/mock-b" } };
  }
  if (asked.includes("MOCKTOOL")) return { name: "session_status", args: {} };
  if (!asked.includes("MOCKSPAWN")) return undefined;
  const task = asked.includes("SLOWCHILD") ? "MOCKSLOW child" : taskOf(asked);
  return { name: "sessions_spawn", args: { task, label: "kid-1" } };
}

const taskOf = (asked: string): string =>
  asked.includes("BADCHILD") ? "MOCK400 child" : "child task hello";

/** An OpenAI-compatible model server on loopback that keeps a ledger of what it served. */
export async function startMockProvider(): Promise<MockProvider> {
  const served: ServedCall[] = [];
  const held = new Set<() => void>();
  let calls = 0;
  const server = createServer(async (request, response) => {
    if (!request.url?.endsWith("/chat/completions")) {
      answerJson(response, 200, { object: "list", data: [] });
      return;
    }
    const body = (await json(request)) as ChatRequest;
    const behaviour = decide(body.messages);
    calls += 1;
    const { status = 200, asked, toolResults } = behaviour;
    const usage: ServedUsage = {
      promptTokens: 120 + (calls % 7),
      cachedTokens: 20,
      completionTokens: 12 + (calls % 5),
    };
    if (behaviour.waitsFor !== undefined) await hold(response, behaviour.waitsFor, held);
    if (response.destroyed) return;
    served.push({
      model: body.model,
      traceparent: request.headers["traceparent"]?.toString(),
      status,
      usage: status === 200 ? usage : undefined,
      asked,
      toolResults,
    });
    if (status !== 200) {
      const error = { message: `mock upstream failure ${status}`, type: "server_error" };
      answerJson(response, status, { error });
      return;
    }
    stream(response, { id: `chatcmpl-mock-${calls}`, model: body.model, behaviour, usage });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    served,
    get held() {
      return held.size;
    },
    release: () => {
      for (const answer of held) answer();
    },
    [Symbol.asyncDispose]: () => close(server),
  };
}

/** Resolves when the caller gives up, or before that when what is held is released. */
async function hold(
  response: ServerResponse,
  waitsFor: "release" | "end",
  held: Set<() => void>,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once("close", resolve);
  if (waitsFor === "release") held.add(resolve);
  await promise;
  held.delete(resolve);
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

interface Streamed {
  readonly id: string;
  readonly model: string;
  readonly behaviour: Behaviour;
  readonly usage: ServedUsage;
}

function stream(response: ServerResponse, { id, model, behaviour, usage }: Streamed): void {
  const send = (part: object): void => {
    const chunk = { id, object: "chat.completion.chunk", created: 1_700_000_000, model, ...part };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  const delta = (what: object, reason: string | null = null): void =>
    send({ choices: [{ index: 0, delta: what, finish_reason: reason }] });
  response.writeHead(200, { "content-type": "text/event-stream" });
  delta({ role: "assistant", content: "" });
  const { tool, text = "" } = behaviour;
  if (tool === undefined) delta({ content: text });
  else {
    const call = { name: tool.name, arguments: JSON.stringify(tool.args) };
    const id = `call_${Math.random().toString(36).slice(2)}`;
    delta({ tool_calls: [{ index: 0, id, type: "function", function: call }] });
  }
  delta({}, tool === undefined ? "stop" : "tool_calls");
  const { promptTokens, cachedTokens, completionTokens } = usage;
  send({
    choices: [],
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
      prompt_tokens_details: { cached_tokens: cachedTokens },
    },
  });
  response.end("data: [DONE]\n\n");
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
