import fc from "fast-check";
import { expect, test } from "vitest";
import { readMessages, titleOf } from "../../src/web/view-model/conversation.ts";

const read = (attribute: string, ...parts: readonly unknown[]) =>
  readMessages({ attribute, parts: parts.map((part) => JSON.stringify(part)) });

test("messages of the conventions keep text, calls and results apart", () => {
  const messages = read(
    "gen_ai.input.messages",
    { role: "user", parts: [{ type: "text", content: "Where is it?" }] },
    {
      role: "assistant",
      parts: [
        { type: "reasoning", content: "hm" },
        { type: "tool_call", id: "1", name: "look", arguments: { order: 7 } },
      ],
    },
    { role: "tool", parts: [{ type: "tool_call_response", id: "1", response: "shipped" }] },
  );
  expect(messages).toEqual([
    { role: "user", blocks: [{ type: "text", title: null, text: "Where is it?" }] },
    {
      role: "assistant",
      blocks: [
        { type: "reasoning", title: null, text: "hm" },
        { type: "call", title: "look", text: '{\n  "order": 7\n}' },
      ],
    },
    { role: "tool", blocks: [{ type: "result", title: null, text: "shipped" }] },
  ]);
});

test("messages of other dialects are read too", () => {
  const call = { function: { name: "look", arguments: '{"order":7}' }, type: "function" };
  expect(
    read("llm.output_messages", {
      message: { role: "assistant", content: "", tool_calls: [call] },
    }),
  ).toEqual([
    { role: "assistant", blocks: [{ type: "call", title: "look", text: '{\n  "order": 7\n}' }] },
  ]);
  expect(read("gen_ai.completion", { content: "Good." })).toEqual([
    { role: "assistant", blocks: [{ type: "text", title: null, text: "Good." }] },
  ]);
});

test("what is no message stays as it was sent, below what its attribute is about", () => {
  expect(readMessages({ attribute: "gen_ai.tool.call.result", parts: ["[not json"] })).toEqual([
    { role: "result", blocks: [{ type: "text", title: null, text: "[not json" }] },
  ]);
  expect(read("gen_ai.tool.call.arguments", { order: 7 })).toEqual([
    { role: "arguments", blocks: [{ type: "json", title: null, text: '{\n  "order": 7\n}' }] },
  ]);
});

test("no content makes it throw, and every block has a text", () => {
  fc.assert(
    fc.property(fc.string(), fc.oneof(fc.string(), fc.json()), (attribute, part) => {
      for (const { role, blocks } of readMessages({ attribute, parts: [part] })) {
        expect(typeof role).toBe("string");
        for (const { text } of blocks) expect(typeof text).toBe("string");
      }
    }),
  );
});

test.each([
  ["gen_ai.input.messages", "Input"],
  ["gen_ai.output.messages", "Output"],
  ["gen_ai.system_instructions", "Instructions"],
  ["gen_ai.tool.call.arguments", "Arguments"],
  ["gen_ai.tool.call.result", "Result"],
  ["made.up", "made.up"],
])("%s is shown as %s", (attribute, wanted) => {
  expect(titleOf({ attribute, parts: [] })).toBe(wanted);
});
