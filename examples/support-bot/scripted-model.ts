// A model that answers from a script: the example needs no network and no key. Shaped like a provider's client.
import { setTimeout as sleep } from "node:timers/promises";

export interface ToolRequest {
  readonly id: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly id: string;
  readonly model: string;
  readonly text: string;
  readonly toolRequests: readonly ToolRequest[];
  readonly stopReason: "end_turn" | "tool_use";
  readonly usage: {
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly cache_read_input_tokens: number;
  };
}

export interface ModelClient {
  /** Calls `onChunk` for each piece of text, then returns the whole answer. */
  stream(model: string, prompt: string, onChunk: (text: string) => void): Promise<Answer>;
}

/** What a provider that has too much to do answers. */
export class OverloadedError extends Error {
  override readonly name = "OverloadedError";
  readonly status = 529;
}

/** A line of the script: words, a tool to be called, or a failure. */
export type ScriptLine =
  | { readonly say: string }
  | { readonly callTool: string; readonly input: Readonly<Record<string, unknown>> }
  | { readonly fail: string };

const CHUNK_DELAY_MS = 10;
/** Roughly, as everybody estimates it. */
const countTokens = (text: string): number => Math.ceil(text.length / 4);

/** A model that gives one line of the script to each call, in order. */
export function createScriptedModel(script: readonly ScriptLine[]): ModelClient {
  const lines = script.values();
  let calls = 0;
  return {
    async stream(model, prompt, onChunk) {
      calls += 1;
      await sleep(CHUNK_DELAY_MS);
      const line = lines.next().value ?? { fail: "the script is over" };
      if ("fail" in line) throw new OverloadedError(line.fail);
      const text = "say" in line ? line.say : "";
      for (const word of text.match(/\S+\s*/g) ?? []) {
        onChunk(word);
        await sleep(CHUNK_DELAY_MS);
      }
      const toolRequests =
        "callTool" in line ? [{ id: `tool-${calls}`, name: line.callTool, input: line.input }] : [];
      return {
        id: `answer-${calls}`,
        model,
        text,
        toolRequests,
        stopReason: toolRequests.length > 0 ? "tool_use" : "end_turn",
        usage: {
          input_tokens: countTokens(prompt),
          output_tokens: countTokens(text) + 20 * toolRequests.length,
          cache_read_input_tokens: 1200,
        },
      };
    },
  };
}
