import { after, events, list, textOf, USAGE } from "./ask.ts";
import { json, type Provider, stream } from "./provider.ts";

const usageMetadata = {
  promptTokenCount: USAGE.input,
  candidatesTokenCount: USAGE.output,
  cachedContentTokenCount: USAGE.cached,
  totalTokenCount: USAGE.input + USAGE.output,
};

/** `generateContent` and its stream. */
export const gemini: Provider = {
  path: /:(stream)?generateContent/i,
  read(body, url) {
    const tail = after(list(body["contents"]), ({ role }) => role === "model");
    const parts = tail.flatMap((message) => list(message["parts"]));
    const declared = list(body["tools"]).flatMap((tool) => list(tool["functionDeclarations"]));
    return {
      model: /models\/([^:]+)/.exec(url)?.[1] ?? "",
      tools: declared.map(({ name }) => String(name)),
      said: textOf(parts),
      hasResult: parts.some((part) => "functionResponse" in part),
      isStreamed: /stream/i.test(url),
    };
  },
  write({ id, model, isStreamed }, { text, calls }) {
    const said = calls.map(({ id: callId, name, input: args }) => ({
      functionCall: { id: callId, name, args },
    }));
    const parts = calls.length > 0 ? said : [{ text }];
    const candidate = { index: 0, content: { role: "model", parts }, finishReason: "STOP" };
    const about = { usageMetadata, modelVersion: model, responseId: `gem_${id}` };
    const response = { candidates: [candidate], ...about };
    return isStreamed ? stream(events([response])) : json(response);
  },
  failure: {
    status: 400,
    body: { error: { code: 400, message: "the provider failed", status: "INVALID_ARGUMENT" } },
  },
};
