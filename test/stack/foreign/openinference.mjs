import { setSession, traceAgent, traceTool } from "@arizeai/openinference-core";
import { OpenAIInstrumentation } from "@arizeai/openinference-instrumentation-openai";
import { context } from "@opentelemetry/api";
import OpenAI from "openai";
import { provider } from "./provider.mjs";
import { askAgent, QUESTION } from "./weather-agent.mjs";

const instrumentation = new OpenAIInstrumentation({ tracerProvider: provider });
instrumentation.manuallyInstrument(OpenAI);

const client = new OpenAI({ baseURL: process.env.MODEL_URL, apiKey: "none" });
const weather = traceTool(async (city) => `sunny in ${city}`, { name: "weather" });
const agent = traceAgent(() => askAgent(client, weather), {
  name: "weather agent",
  attributes: { "agent.name": "shop", "input.value": QUESTION },
});
await context.with(setSession(context.active(), { sessionId: "a-session" }), () => agent());
await provider.shutdown();
