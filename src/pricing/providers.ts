/** The library reads the real provider from the model's name under this id. */
const gateway = "litellm";

/**
 * Provider names as hosts and the GenAI conventions write them → ids of genai-prices. Only what the
 * library would not find, or would find wrongly: it takes every name with "openai" in it for OpenAI.
 */
const libraryIds = new Map([
  ["aws.bedrock", "aws"],
  ["bedrock", "aws"],
  ["azure-openai", "azure"],
  ["azure-openai-responses", "azure"],
  ["azure.ai.inference", "azure"],
  ["azure.ai.openai", "azure"],
  ["az.ai.inference", "azure"],
  ["az.ai.openai", "azure"],
  ["azure_openai", "azure"],
  ["azureopenai", "azure"],
  ["cloudflare-ai-gateway", gateway],
  ["fireworks-ai", "fireworks"],
  ["fireworks_ai", "fireworks"],
  ["gateway", gateway],
  ["gcp.gemini", "google"],
  ["gcp.gen_ai", "google"],
  ["gcp.vertex_ai", "google"],
  ["kimi", "moonshotai"],
  ["kimi-coding", "moonshotai"],
  ["litellm", gateway],
  ["mistral_ai", "mistral"],
  ["moonshot", "moonshotai"],
  ["moonshot_ai", "moonshotai"],
  ["togetherai", "together"],
  ["vercel-ai-gateway", gateway],
  ["x_ai", "x-ai"],
  ["xai", "x-ai"],
  ["z.ai", "zai"],
]);

/** Models on one's own machine have no list price, though their names are those of priced ones. */
const localProviders = new Set([
  "llama-cpp",
  "llama.cpp",
  "llamacpp",
  "lm-studio",
  "lmstudio",
  "local",
  "localai",
  "mlx",
  "ollama",
  "sglang",
  "vllm",
]);

/** The one spelling of a provider's name: lower case, and the library's id where the table has it. */
export function canonicalProvider(name: string): string {
  const lower = name.trim().toLowerCase();
  return libraryIds.get(lower) ?? libraryIds.get(withoutSuffix(lower)) ?? lower;
}

/**
 * Under which ids to look in the price library, in order; `undefined` leaves it to the model's name.
 * A provider that nobody knows is taken for a gateway: the model's name decides, then the prefix of
 * that name (`openai/gpt-5`, the library's rule for LiteLLM).
 */
export function providerCandidates(
  name: string | undefined,
  isKnown: (id: string) => boolean,
): readonly (string | undefined)[] {
  const id = canonicalProvider(name ?? "");
  if (localProviders.has(id) || localProviders.has(withoutSuffix(id))) return [];
  if (id === gateway) return [gateway];
  const known = [id, withoutSuffix(id)].find((candidate) => isKnown(candidate));
  return known === undefined ? [undefined, gateway] : [known];
}

/** Some SDKs name the API beside the provider: `groq.chat`, `azure-openai.responses`. */
function withoutSuffix(name: string): string {
  const dot = name.indexOf(".");
  return dot < 0 ? name : name.slice(0, dot);
}
