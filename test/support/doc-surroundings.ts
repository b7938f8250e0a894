// What the pages' code stands in: names it uses that its reader would have.
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  SimpleLogRecordProcessor,
} from "@opentelemetry/sdk-logs";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { createTurnspan } from "turnspan";

export const spanExporter = new InMemorySpanExporter();
export const tracerProvider = new TracerProvider({
  spanProcessors: [new SimpleSpanProcessor({ exporter: spanExporter })],
});
export const loggerProvider = new LoggerProvider({
  processors: [new SimpleLogRecordProcessor({ exporter: new InMemoryLogRecordExporter() })],
});
export const meterProvider = new MeterProvider();
export const turnspan = createTurnspan({ tracerProvider, meterProvider, loggerProvider });
export const session = turnspan.openSession({ sessionKey: "page", agentId: "reader" });
export const sessionId = "0f9a";

interface Order {
  readonly number: number;
}

export const lookupOrder = (number: number): Order => ({ number });
export const request = (order: Order): { readonly prompt: string } => ({
  prompt: `Where is order ${order.number}?`,
});
export const callModel = async (): Promise<string> => "an answer";
export const page = (...what: readonly unknown[]): void => console.log(...what);
export const readBudget = async (agentId: string | undefined): Promise<number> =>
  agentId === "poor" ? 0 : 1;
export const readNotes = (): string | undefined => undefined;

const answer = {
  id: "msg_1",
  model: "claude-sonnet-4-5",
  content: [{ type: "text", text: "It is on its way." }],
  usage: { input_tokens: 100, output_tokens: 20, cache_read_input_tokens: 40 },
  stop_reason: "end_turn" as string | null,
} as const;

export const client = {
  messages: { create: async (_request: { readonly prompt: string }) => answer },
} as const;
export const toReply = ({ content }: typeof answer): string =>
  content.map(({ text }) => text).join("");

interface Chunk {
  readonly text: string;
  readonly model?: string;
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number };
}

export async function* streamAnswer(): AsyncGenerator<Chunk> {
  yield { text: "It is " };
  yield { text: "on its way.", model: "gpt-5-mini" };
  yield { text: "", usage: { prompt_tokens: 90, completion_tokens: 8 } };
}
