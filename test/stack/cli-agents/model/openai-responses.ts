import { after, events, list, textOf, USAGE } from "./ask.ts";
import { type Provider, stream } from "./provider.ts";

const usage = {
  input_tokens: USAGE.input,
  input_tokens_details: { cached_tokens: USAGE.cached },
  output_tokens: USAGE.output,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: USAGE.input + USAGE.output,
};

const isAnswer = ({ type, role }: Readonly<Record<string, unknown>>): boolean =>
  type === "function_call" || (type === "message" && role === "assistant");

/** The Responses API. */
export const openAiResponses: Provider = {
  path: /\/responses$/,
  read(body) {
    const tail = after(list(body["input"]), isAnswer);
    return {
      model: String(body["model"]),
      tools: list(body["tools"]).map(({ name, type }) => String(name ?? type)),
      said: tail.map(({ content }) => textOf(content)).join("\n"),
      hasResult: tail.some(({ type }) => String(type).endsWith("output")),
      isStreamed: true,
    };
  },
  write({ id }, { text, calls }) {
    const content = [{ type: "output_text", text }];
    const items =
      calls.length === 0
        ? [{ type: "message", role: "assistant", id: `msg_${id}`, content }]
        : calls.map(({ id: call_id, name, input }) => ({
            ...{ type: "function_call", call_id, name },
            arguments: JSON.stringify(input),
          }));
    const response = { id: `resp_${id}` };
    const parts = [
      { type: "response.created", response },
      ...items.map((item) => ({ type: "response.output_item.done", item })),
      { type: "response.completed", response: { ...response, usage } },
    ];
    return stream(events(parts, true));
  },
  failure: {
    status: 500,
    body: { error: { message: "the provider failed", type: "server_error" } },
  },
};
