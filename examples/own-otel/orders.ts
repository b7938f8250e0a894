// The program: a request handler with spans of its own, an agent run through Turnspan inside it, and an agent
// library that makes its spans itself.
import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Turnspan } from "turnspan";

const tracer = trace.getTracer("order-service");

/** Spans nest both ways: the turn under the request, the database under the tool call. */
export function handleRequest(turnspan: Turnspan): Promise<string> {
  return tracer.startActiveSpan("POST /ask", async (request) => {
    using session = turnspan.openSession({ sessionKey: "api:9", agentId: "orders" });
    const answer = await session.turn({ parent: context.active() }, async (turn) => {
      const rows = await turn.toolCall({ name: "find_orders", callId: "c1" }, queryDatabase);
      return turn.modelCall({ provider: "openai", model: "gpt-5-mini" }, (call) => {
        call.response({ usage: { prompt_tokens: 800, completion_tokens: 40 } });
        return `You have ${rows} orders.`;
      });
    });
    request.end();
    return answer;
  });
}

function queryDatabase(): number {
  return tracer.startActiveSpan("SELECT orders", (query) => {
    query.end();
    return 3;
  });
}

/** What a library that follows the GenAI conventions does; Turnspan is not asked. */
export function runOtherLibrary(): void {
  const otherTracer = trace.getTracer("some-agent-library");
  const attributes = {
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.agent.name": "researcher",
    "gen_ai.conversation.id": "thread-5",
  };
  otherTracer.startActiveSpan("invoke_agent researcher", { attributes }, (span) => {
    span.setStatus({ code: SpanStatusCode.ERROR, message: "no sources found" });
    span.end();
  });
}
