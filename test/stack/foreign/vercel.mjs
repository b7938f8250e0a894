import { createOpenAI } from "@ai-sdk/openai";
import { LegacyOpenTelemetry, OpenTelemetry } from "@ai-sdk/otel";
import { generateText, isStepCount, registerTelemetry, tool } from "ai";
import { z } from "zod";
import { provider } from "./provider.mjs";
import { QUESTION } from "./weather-agent.mjs";

registerTelemetry(process.env.LEGACY ? new LegacyOpenTelemetry() : new OpenTelemetry());

const openai = createOpenAI({ baseURL: process.env.MODEL_URL, apiKey: "none" });
await generateText({
  model: openai.chat("gpt-5-mini"),
  prompt: QUESTION,
  stopWhen: isStepCount(3),
  tools: {
    weather: tool({
      description: "The weather of a city",
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => `sunny in ${city}`,
    }),
  },
  telemetry: { isEnabled: true, functionId: "weather-agent" },
});
await provider.shutdown();
