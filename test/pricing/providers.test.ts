import { findProvider } from "@pydantic/genai-prices";
import { expect, test } from "vitest";
import { providerCandidates } from "../../src/pricing/providers.ts";

const isKnown = (providerId: string): boolean => findProvider({ providerId }) !== undefined;
const libraryIds = (name: string | undefined): readonly (string | undefined)[] =>
  providerCandidates(name, isKnown).map((id) => (id && findProvider({ providerId: id })?.id) ?? id);

test.each([
  ["anthropic", "anthropic"],
  ["aws.bedrock", "aws"],
  ["amazon-bedrock", "aws"],
  ["azure.ai.inference", "azure"],
  ["azure.ai.openai", "azure"],
  ["azure-openai.responses", "azure"],
  ["azure.chat", "azure"],
  ["cohere", "cohere"],
  ["deepseek", "deepseek"],
  ["gcp.gemini", "google"],
  ["gcp.gen_ai", "google"],
  ["gcp.vertex_ai", "google"],
  ["google.generative-ai", "google"],
  ["google-gemini-cli", "google"],
  ["groq", "groq"],
  ["groq.chat", "groq"],
  ["mistral_ai", "mistral"],
  ["moonshot_ai", "moonshotai"],
  ["openai", "openai"],
  ["openai.responses", "openai"],
  ["openai-codex", "openai"],
  ["OpenRouter", "openrouter"],
  ["perplexity", "perplexity"],
  ["x_ai", "x-ai"],
  ["xai.chat", "x-ai"],
  ["github-copilot", "github-copilot"],
])("the provider %s is looked up as %s", (name, id) => {
  expect(libraryIds(name)).toEqual([id]);
});

test("an unknown provider, or none, leaves it to the model's name and then to its prefix", () => {
  expect(libraryIds("ibm.watsonx.ai")).toEqual([undefined, "litellm"]);
  expect(libraryIds("constructor")).toEqual([undefined, "litellm"]);
  expect(libraryIds(undefined)).toEqual([undefined, "litellm"]);
});

test("a gateway is looked up by the prefix of the model's name", () => {
  expect(libraryIds("vercel-ai-gateway")).toEqual(["litellm"]);
});

test("a model on one's own machine has no list price", () => {
  expect(libraryIds("ollama")).toEqual([]);
  expect(libraryIds("lmstudio.chat")).toEqual([]);
});
