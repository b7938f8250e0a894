import { withSpan } from "@arizeai/openinference-core";

import * as otelApi from "@opentelemetry/api";
import * as otelSdk from "@opentelemetry/sdk-trace-node";

export const api = otelApi;
export const sdk = otelSdk;

/** The agent as OpenInference's README has it: functions wrapped once. */
export function createAgent({ callModel, callTool, runSteps }) {
  const model = withSpan(callModel, { name: "chat", kind: "LLM" });
  const tool = withSpan(callTool, { name: "execute_tool", kind: "TOOL" });
  const turn = withSpan(() => runSteps({ model, tool, patch: () => {} }), {
    name: "invoke_agent",
    kind: "AGENT",
  });
  return { turn };
}
