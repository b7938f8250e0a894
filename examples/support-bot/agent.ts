// The bot itself: a loop of model calls and tool calls. Nothing here knows where telemetry goes.
import { setTimeout as sleep } from "node:timers/promises";
import type { Session, Turn } from "turnspan";
import {
  type Answer,
  type ModelClient,
  OverloadedError,
  type ToolRequest,
} from "./scripted-model.ts";

const PROVIDER = "anthropic";
const WRITER_MODEL = "claude-haiku-4-5";
const MAX_ATTEMPTS = 2;
const RETRY_DELAY_MS = 20;

export interface Bot {
  readonly client: ModelClient;
  /** May be changed while the session runs. */
  model: string;
}

/** One turn: from the customer's words to the bot's. */
export function answerCustomer(session: Session, bot: Bot, question: string): Promise<string> {
  const { model } = bot;
  return session.turn(
    {
      provider: PROVIDER,
      model,
      message: question,
      channel: "web",
      onBlocked: ({ reason }) => `I may not answer that (${reason}).`,
    },
    async (turn) => {
      let prompt = question;
      for (;;) {
        const answer = await askWithRetry(turn, bot.client, model, prompt);
        if (answer.toolRequests.length === 0) {
          turn.reply(answer.text);
          return answer.text;
        }
        for (const request of answer.toolRequests) {
          prompt += `\n${request.name}: ${await runTool(turn, bot.client, request)}`;
        }
      }
    },
  );
}

/** A provider that is overloaded is asked once more: a new model call in the same turn. */
async function askWithRetry(
  turn: Turn,
  client: ModelClient,
  model: string,
  prompt: string,
): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await askModel(turn, client, model, prompt);
    } catch (error) {
      if (!(error instanceof OverloadedError) || attempt >= MAX_ATTEMPTS) throw error;
      turn.attempt(attempt + 1, { reason: "overloaded", delayMs: RETRY_DELAY_MS });
      await sleep(RETRY_DELAY_MS);
    }
  }
}

function askModel(turn: Turn, client: ModelClient, model: string, prompt: string): Promise<Answer> {
  return turn.modelCall(
    { provider: PROVIDER, model, stream: true, input: prompt },
    async (call) => {
      const answer = await client.stream(model, prompt, () => call.firstToken());
      const { id, usage, stopReason, text } = answer;
      call.response({ model: answer.model, id, usage, stopReason, output: text });
      return answer;
    },
  );
}

function runTool(turn: Turn, client: ModelClient, request: ToolRequest): Promise<string> {
  const { name, id: callId, input } = request;
  return turn.toolCall({ name, callId, input }, async (tool) => {
    const run = tools[name];
    if (run === undefined) {
      tool.fail("unknown_tool");
      return "there is no such tool";
    }
    const output = await run({ turn, client, callId, input });
    tool.result(output);
    return output;
  });
}

interface ToolUse {
  readonly turn: Turn;
  readonly client: ModelClient;
  readonly callId: string;
  readonly input: ToolRequest["input"];
}

const tools: Readonly<Record<string, (use: ToolUse) => string | Promise<string>>> = {
  lookup_order: ({ input }) => `order ${String(input["order"])} was shipped on Monday`,
  write_reply: ({ turn, client, callId, input }) =>
    turn.subagent({ agentId: "writer", label: "draft", toolCallId: callId }, async (writer) => {
      const prompt = `Write a friendly answer: ${String(input["facts"])}`;
      const draft = await askModel(writer, client, WRITER_MODEL, prompt);
      return draft.text;
    }),
};
