import { gzipSync } from "node:zlib";
import { SpanKind } from "@opentelemetry/api";
import { JsonTraceSerializer, ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";

/** A generator of numbers that is the same in every run. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

export interface WorkloadOptions {
  readonly seed: number;
  /** One model call in four has 2 to 20 kB of input and some output. */
  readonly content: boolean;
  /** Over how many days before `endMs` the sessions lie. */
  readonly days: number;
  readonly endMs: number;
}

const TURNS = 5;
const STEPS = 7;

const MODELS = ["gpt-5", "gpt-5-mini", "claude-sonnet-4-5", "gemini-2.5-pro"] as const;
const TOOLS = ["read_file", "write_file", "bash", "search", "web_fetch"] as const;
const PROJECTS = ["/home/u/shop", "/home/u/site", "/home/u/tools"] as const;
const AGENTS = ["main", "reviewer"] as const;

const resource = resourceFromAttributes({
  "service.name": "bench-agent",
  "service.version": "1.0.0",
  "host.name": "bench",
  "process.runtime.name": "nodejs",
});
const scope = { name: "turnspan", version: "0.1.0" };
const WORDS = "the of and function return const value error file line test user agent".split(" ");

/** Makes sessions one after the other: spans as Turnspan itself sends them. */
export class Workload {
  readonly #random: () => number;
  readonly #options: WorkloadOptions;
  #session = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#random = createRandom(options.seed);
  }

  nextSession(): ReadableSpan[] {
    const at = this.#session++;
    const { endMs, days } = this.#options;
    const startMs = endMs - Math.floor(this.#random() * days * 86_400_000) - 600_000;
    const who = this.#who(at);
    const spans: ReadableSpan[] = [];
    const session = this.#ids();
    let clock = startMs;
    for (let turn = 0; turn < TURNS; turn += 1) {
      spans.push(...this.#turn(who, `run-${at}-${turn}`, turn, clock));
      clock += 60_000;
    }
    spans.push(
      makeSpan(`session ${who["gen_ai.agent.name"]}`, session, undefined, startMs, clock, {
        ...who,
        "turnspan.kind": "session",
        "turnspan.session.generation": 1,
        "turnspan.session.turns": TURNS,
        "turnspan.session.end_reason": "idle",
      }),
    );
    return spans;
  }

  #who(at: number): Record<string, string> {
    const id = `00000000-0000-4000-8000-${at.toString(16).padStart(12, "0")}`;
    return {
      "session.id": id,
      "gen_ai.conversation.id": id,
      "turnspan.session.key": `agent:main:${at}`,
      "turnspan.project": this.#pick(PROJECTS),
      "vcs.ref.head.name": "main",
      "vcs.repository.url.full": "https://example.com/u/shop.git",
      "gen_ai.agent.name": this.#pick(AGENTS),
    };
  }

  #turn(
    who: Record<string, string>,
    runId: string,
    index: number,
    startMs: number,
  ): ReadableSpan[] {
    const ids = this.#ids();
    const model = this.#pick(MODELS);
    const failed = this.#random() < 0.05;
    const spans: ReadableSpan[] = [];
    for (let step = 0; step < STEPS; step += 1) {
      const at = startMs + step * 2000;
      const child = () => ({ traceId: ids.traceId, spanId: this.#hex(16) });
      spans.push(
        makeSpan(
          `chat ${model}`,
          child(),
          ids.spanId,
          at,
          at + 1200,
          this.#call(who, runId, model),
        ),
      );
      const tool = this.#pick(TOOLS);
      const attributes = { ...who, ...this.#tool(runId, tool) };
      spans.push(
        makeSpan(`execute_tool ${tool}`, child(), ids.spanId, at + 1300, at + 1900, attributes),
      );
    }
    spans.push(
      makeSpan(
        `invoke_agent ${who["gen_ai.agent.name"]}`,
        ids,
        undefined,
        startMs,
        startMs + 15_000,
        {
          ...who,
          "turnspan.kind": "turn",
          "gen_ai.operation.name": "invoke_agent",
          "turnspan.run.id": runId,
          "turnspan.turn.index": index,
          "turnspan.turn.trigger": "user",
          "turnspan.turn.outcome": failed ? "failed" : "completed",
          ...(failed ? { "error.type": "timeout" } : {}),
          "gen_ai.request.model": model,
          "turnspan.turn.model_calls": STEPS,
          "turnspan.turn.tool_calls": STEPS,
        },
        failed,
      ),
    );
    return spans;
  }

  #call(who: Record<string, string>, runId: string, model: string): Record<string, unknown> {
    const isLong = this.#options.content && this.#random() < 0.25;
    return {
      ...who,
      "turnspan.kind": "model_call",
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": model,
      "gen_ai.response.model": model,
      "gen_ai.response.id": this.#hex(24),
      "gen_ai.usage.input_tokens": Math.floor(this.#random() * 20_000),
      "gen_ai.usage.output_tokens": Math.floor(this.#random() * 900),
      "turnspan.cost.usd": Math.floor(this.#random() * 100_000) / 1e6,
      "turnspan.cost.source": "genai-prices",
      "turnspan.run.id": runId,
      ...(isLong
        ? {
            "gen_ai.input.messages": message("user", this.#text(2000 + this.#random() * 18_000)),
            "gen_ai.output.messages": message("assistant", this.#text(this.#random() * 1500)),
          }
        : {}),
    };
  }

  #tool(runId: string, tool: string): Record<string, unknown> {
    return {
      "turnspan.kind": "tool_call",
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": tool,
      "gen_ai.tool.call.id": this.#hex(16),
      "turnspan.run.id": runId,
    };
  }

  #text(length: number): string {
    let text = "";
    while (text.length < length) text += `${this.#pick(WORDS)}${Math.floor(this.#random() * 50)} `;
    return text;
  }

  #ids(): { readonly traceId: string; readonly spanId: string } {
    return { traceId: this.#hex(32), spanId: this.#hex(16) };
  }

  #hex(digits: number): string {
    let text = "";
    while (text.length < digits) {
      text += Math.floor(this.#random() * 4_294_967_296)
        .toString(16)
        .padStart(8, "0");
    }
    return text.slice(0, digits);
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)] as T;
  }
}

const message = (role: string, content: string): string =>
  JSON.stringify([{ role, parts: [{ type: "text", content }] }]);

const toHrTime = (ms: number): [number, number] => [Math.floor(ms / 1000), (ms % 1000) * 1e6];

function makeSpan(
  name: string,
  ids: { readonly traceId: string; readonly spanId: string },
  parentSpanId: string | undefined,
  startMs: number,
  endMs: number,
  attributes: Record<string, unknown>,
  failed = false,
): ReadableSpan {
  const span = {
    name,
    kind: SpanKind.INTERNAL,
    spanContext: () => ({ ...ids, traceFlags: 1 }),
    parentSpanContext:
      parentSpanId === undefined ? undefined : { ...ids, spanId: parentSpanId, traceFlags: 1 },
    startTime: toHrTime(startMs),
    endTime: toHrTime(endMs),
    duration: toHrTime(endMs - startMs),
    status: failed ? { code: 2, message: "the model did not answer" } : { code: 0 },
    attributes,
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
  return span as unknown as ReadableSpan;
}

export type BodyFormat = "protobuf" | "json";

export interface RequestBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly spans: number;
  readonly headers: Readonly<Record<string, string>>;
}

const serializers = { protobuf: ProtobufTraceSerializer, json: JsonTraceSerializer } as const;
const types = { protobuf: "application/x-protobuf", json: "application/json" } as const;
export const BATCH = 512;

/** Requests of 512 spans each, gzipped as exporters send them. */
export function makeBodies(workload: Workload, count: number, format: BodyFormat): RequestBody[] {
  const waiting: ReadableSpan[] = [];
  return Array.from({ length: count }, () => {
    while (waiting.length < BATCH) waiting.push(...workload.nextSession());
    const bytes = serializers[format].serializeRequest(waiting.splice(0, BATCH));
    return {
      bytes: new Uint8Array(gzipSync(bytes ?? new Uint8Array(0), { level: 1 })),
      spans: BATCH,
      headers: { "content-type": types[format], "content-encoding": "gzip" },
    };
  });
}
