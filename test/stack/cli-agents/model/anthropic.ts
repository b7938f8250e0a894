import { type Answer, type Ask, after, events, fields, list, textOf, USAGE } from "./ask.ts";
import { json, type Provider, stream } from "./provider.ts";

const usage = {
  input_tokens: USAGE.input - USAGE.cached - USAGE.written,
  cache_read_input_tokens: USAGE.cached,
  cache_creation_input_tokens: USAGE.written,
  output_tokens: USAGE.output,
};

const blocksOf = ({ text, calls }: Answer): readonly object[] =>
  calls.length === 0
    ? [{ type: "text", text }]
    : calls.map((call) => ({ type: "tool_use", ...call }));

function streamed(message: object, blocks: readonly object[], stopReason: string): string {
  const parts = blocks.flatMap((block, index) => {
    const { input, text, ...head } = block as { input?: unknown; text?: string };
    const delta =
      text === undefined
        ? { type: "input_json_delta", partial_json: JSON.stringify(input) }
        : { type: "text_delta", text };
    const empty = text === undefined ? { ...head, input: {} } : { ...head, text: "" };
    return [
      { type: "content_block_start", index, content_block: empty },
      { type: "content_block_delta", index, delta },
      { type: "content_block_stop", index },
    ];
  });
  const begun = { ...message, content: [], stop_reason: null, usage };
  const { output_tokens } = usage;
  return events(
    [
      { type: "message_start", message: begun },
      ...parts,
      {
        type: "message_delta",
        delta: { stop_reason: stopReason, stop_sequence: null },
        usage: { output_tokens },
      },
      { type: "message_stop" },
    ],
    true,
  );
}

/** The Messages API. */
export const anthropic: Provider = {
  path: /^\/v1\/messages(\?|$)/,
  read(body) {
    const tail = after(list(body["messages"]), ({ role }) => role === "assistant");
    const parts = tail.flatMap(({ content }) =>
      typeof content === "string" ? [fields({ type: "text", text: content })] : list(content),
    );
    return {
      model: String(body["model"]),
      tools: list(body["tools"]).map(({ name }) => String(name)),
      said: textOf(parts),
      hasResult: parts.some(({ type }) => type === "tool_result"),
      isStreamed: body["stream"] === true,
    };
  },
  write({ id, model, isStreamed }: Ask, answer) {
    const stop_reason = answer.calls.length > 0 ? "tool_use" : "end_turn";
    const content = blocksOf(answer);
    const about = { id: `msg_${id}`, type: "message", role: "assistant", model };
    const message = { ...about, content, stop_reason, stop_sequence: null, usage };
    return isStreamed ? stream(streamed(message, content, stop_reason)) : json(message);
  },
  failure: {
    status: 500,
    body: { type: "error", error: { type: "api_error", message: "the provider failed" } },
  },
};
