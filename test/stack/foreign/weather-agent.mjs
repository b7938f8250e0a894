// An agent on OpenAI's own client: it asks the model, runs the tool that the model wants, and asks again.
const TOOL = {
  type: "function",
  function: {
    name: "weather",
    parameters: { type: "object", properties: { city: { type: "string" } } },
  },
};

export const QUESTION = "What is the weather in Oslo?";

/** @param {import("openai").OpenAI} client */
export async function askAgent(client, runTool) {
  const model = "gpt-5-mini";
  const user = { role: "user", content: QUESTION };
  const first = await client.chat.completions.create({ model, messages: [user], tools: [TOOL] });
  const { message } = first.choices[0];
  const [call] = message.tool_calls;
  const content = await runTool(JSON.parse(call.function.arguments).city);
  const answer = { role: "tool", tool_call_id: call.id, content };
  const second = await client.chat.completions.create({ model, messages: [user, message, answer] });
  return second.choices[0].message.content;
}
