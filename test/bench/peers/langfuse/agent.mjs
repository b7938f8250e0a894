import { startActiveObservation } from "@langfuse/tracing";

import * as otelApi from "@opentelemetry/api";
import * as otelSdk from "@opentelemetry/sdk-trace-node";

export const api = otelApi;
export const sdk = otelSdk;

/** With `update`, as Langfuse's documentation shows it. */
export function createAgent({ callModel, callTool, runSteps }) {
  const model = (work) =>
    startActiveObservation(
      "chat",
      async (generation) => {
        const answer = await callModel(work);
        const { inputTokens: input, outputTokens: output } = answer.usage;
        generation.update({
          model: answer.responseModel,
          output: answer.responseId,
          usageDetails: { input, output },
        });
        return answer;
      },
      { asType: "generation" },
    );
  const tool = (work) =>
    startActiveObservation(
      "execute_tool",
      async (observation) => {
        const result = await callTool(work);
        observation.update({ input: work.callId, output: result });
        return result;
      },
      { asType: "tool" },
    );
  const turn = () =>
    startActiveObservation(
      "invoke_agent",
      async (observation) => {
        const answer = await runSteps({ model, tool, patch: () => {} });
        observation.update({ output: answer });
        return answer;
      },
      { asType: "agent" },
    );
  return { turn };
}
