import { after, events, fields, list, textOf, USAGE } from "./ask.ts";
import { json, type Provider, stream } from "./provider.ts";

const usage = {
  prompt_tokens: USAGE.input,
  completion_tokens: USAGE.output,
  total_tokens: USAGE.input + USAGE.output,
  prompt_tokens_details: { cached_tokens: USAGE.cached },
};

/** Chat completions. */
export const openAiChat: Provider = {
  path: /\/chat\/completions$/,
  read(body) {
    const tail = after(list(body["messages"]), ({ role }) => role === "assistant");
    return {
      model: String(body["model"]),
      tools: list(body["tools"]).map((tool) => String(fields(tool["function"])["name"])),
      said: tail.map(({ content }) => textOf(content)).join("\n"),
      hasResult: tail.some(({ role }) => role === "tool"),
      isStreamed: body["stream"] === true,
    };
  },
  write({ id, model, isStreamed }, { text, calls }) {
    const tool_calls = calls.map(({ id: callId, name, input }, index) => ({
      ...{ index, id: callId, type: "function" },
      function: { name, arguments: JSON.stringify(input) },
    }));
    const said = { role: "assistant", content: text, ...(calls.length > 0 && { tool_calls }) };
    const finish_reason = calls.length > 0 ? "tool_calls" : "stop";
    const about = { id: `chatcmpl-${id}`, created: 1_790_000_000, model };
    if (!isStreamed) {
      const choices = [{ index: 0, message: said, finish_reason }];
      return json({ ...about, object: "chat.completion", choices, usage });
    }
    const chunk = (choices: readonly object[], more: object = {}) => ({
      ...{ ...about, object: "chat.completion.chunk", choices },
      ...more,
    });
    const parts = [
      chunk([{ index: 0, delta: said, finish_reason: null }]),
      chunk([{ index: 0, delta: {}, finish_reason }]),
      chunk([], { usage }),
    ];
    return stream(`${events(parts)}data: [DONE]\n\n`);
  },
  failure: {
    status: 400,
    body: { error: { message: "the provider failed", type: "server_error" } },
  },
};
