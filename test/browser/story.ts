import { createProviders } from "../../src/sdk/providers.ts";
import type { Telemetry } from "../../src/sdk/telemetry.ts";

/** Telemetry of a program that is seen by a server; whoever opens it flushes and closes it. */
export const openTelemetry = (otlpUrl: string): Promise<Telemetry> =>
  createProviders({ endpoint: otlpUrl, serviceName: "shop", content: "export", metrics: false });

const answer = (inputTokens: number, outputTokens: number, output: string) => ({
  model: "claude-sonnet-4-5",
  usage: { inputTokens, outputTokens },
  stopReason: "end_turn",
  output,
});

/** What failed, as its page must say. */
export const FAILURE = "the order system does not answer";

class OrderError extends Error {
  override readonly name = "OrderError";
}

/**
 * A session with a good turn, a change of the model by an operator, and a turn that fails after a call that
 * cost something.
 */
export async function playStory(otlpUrl: string): Promise<void> {
  const telemetry = await openTelemetry(otlpUrl);
  const { turnspan } = telemetry;
  {
    using session = turnspan.openSession({
      sessionKey: "web:42",
      sessionId: "chat-42",
      agentId: "support",
      settings: { model: "claude-haiku-4-5" },
    });
    const call = { provider: "anthropic", model: "claude-sonnet-4-5" };
    await session.turn({ message: "Where is my order?" }, (turn) =>
      turn.modelCall({ ...call, input: "Where is my order?" }, async (one) => {
        one.response(answer(1000, 200, "On its way."));
        turn.reply("On its way.");
      }),
    );
    session.patch(
      { model: "claude-sonnet-4-5" },
      { actor: { kind: "operator", id: "op-3" }, source: "admin page" },
    );
    await session
      .turn({ message: "Cancel it, please." }, async (turn) => {
        await turn.modelCall({ ...call, input: "Cancel it, please." }, async (one) => {
          one.response(answer(2000, 100, "I will cancel it."));
        });
        await turn.toolCall({ name: "cancel_order", callId: "c1", input: { order: 7 } }, () =>
          Promise.reject(new OrderError(FAILURE)),
        );
      })
      .catch(() => {});
  }
  await telemetry.forceFlush(10_000);
  await telemetry.shutdown();
}

/** Dollars per million tokens of the model above, as published: 3 in, 15 out. The failed turn took 2,000 and 100. */
export const FAILED_TURN_NANO_USD = 2000 * 3000 + 100 * 15_000;
