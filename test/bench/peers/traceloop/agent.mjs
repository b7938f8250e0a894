import * as otelApi from "@opentelemetry/api";
import * as otelSdk from "@opentelemetry/sdk-trace-node";
import { initialize, withTask, withTool, withWorkflow } from "@traceloop/node-server-sdk";

export const api = otelApi;
export const sdk = otelSdk;

/** Starts its own SDK: there is no other way. */
export function startSdk(exporter) {
  initialize({
    appName: "bench",
    apiKey: "none",
    exporter,
    instrumentModules: {},
    silenceInitializationMessage: true,
    traceloopSyncEnabled: false,
  });
}

export function createAgent({ callModel, callTool, runSteps }) {
  const steps = {
    model: (work) => withTask({ name: "chat" }, callModel, work),
    tool: (work) => withTool({ name: "execute_tool" }, callTool, work),
    patch: () => {},
  };
  return { turn: () => withWorkflow({ name: "invoke_agent" }, () => runSteps(steps)) };
}
