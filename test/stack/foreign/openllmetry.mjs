import * as traceloop from "@traceloop/node-server-sdk";
import OpenAI from "openai";
import { askAgent } from "./weather-agent.mjs";

traceloop.initialize({
  appName: "shop",
  baseUrl: process.env.OTLP_URL,
  apiKey: "none",
  disableBatch: true,
  silenceInitializationMessage: true,
  instrumentModules: { openAI: OpenAI },
});

const client = new OpenAI({ baseURL: process.env.MODEL_URL, apiKey: "none" });
const weather = (city) =>
  traceloop.withTool({ name: "weather" }, async (place) => `sunny in ${place}`, city);
await traceloop.withWorkflow(
  { name: "weather_agent", associationProperties: { session_id: "a-session" } },
  () => askAgent(client, weather),
);
await traceloop.forceFlush();
