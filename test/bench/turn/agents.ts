// All of it: API 1.9 has no `logs`.
import * as api from "@opentelemetry/api";
import { HookEngine } from "../../../src/hooks/engine.ts";
import { HookSpanProcessor } from "../../../src/hooks/span-processor.ts";
import { bareAgent } from "./bare-agent.ts";
import { OurAgent } from "./our-agent.ts";
import { withoutCallPoints } from "./points.ts";
import { RawAgent } from "./raw-agent.ts";
import { loadSdk, startStack } from "./stack.ts";
import type { StartAgent } from "./turn-output.ts";

/** An agent, what it is instrumented with, and what listens. */
export interface AgentSpec {
  readonly who: "ours" | "raw" | "bare";
  /** `none`: nothing is registered, as in a program that never starts an SDK. */
  readonly sdk: "3" | "2" | "none";
  readonly sampled: boolean;
  /** `ten`: without those of tokens and costs. */
  readonly points: "all" | "ten";
  readonly listeners: "none" | "fiveEach" | "oneAsyncEach";
}

export async function prepareAgent(spec: AgentSpec): Promise<StartAgent> {
  if (spec.who === "bare") return () => ({ agent: bareAgent, flush: async () => {} });
  if (spec.sdk === "none") return spec.who === "raw" ? startIdleRaw : startIdleOurs;
  const sdk = await loadSdk(spec.sdk);
  return spec.who === "raw" ? rawOn(sdk, spec) : oursOn(sdk, spec);
}

type Sdk = Awaited<ReturnType<typeof loadSdk>>;

/** As `startTelemetry` sets it up: the processor that dispatches hooks before the exporting one. */
const oursOn =
  (sdk: Sdk, { sampled, points, listeners }: AgentSpec): StartAgent =>
  ({ meterProvider, ...taps }) => {
    const hooks = new HookEngine();
    attach[listeners](hooks);
    const hookProcessor = new HookSpanProcessor(hooks);
    const { flush, ...stack } = startStack(sdk, { ...taps, sampled, hookProcessor });
    const meters = meterProvider ?? stack.meterProvider;
    const agent = new OurAgent({
      ...stack,
      meterProvider: points === "all" ? meters : withoutCallPoints(meters),
      hooks,
    });
    return { agent, flush };
  };

const rawOn =
  (sdk: Sdk, { sampled, points }: AgentSpec): StartAgent =>
  ({ meterProvider, ...taps }) => {
    const { flush, ...stack } = startStack(sdk, { ...taps, sampled });
    const agent = new RawAgent({
      tracer: stack.tracerProvider.getTracer("bench"),
      logger: stack.loggerProvider.getLogger("bench"),
      meter: (meterProvider ?? stack.meterProvider).getMeter("bench"),
      points,
    });
    return { agent, flush };
  };

/** What the API hands out while nothing is registered. */
const startIdleRaw: StartAgent = () => ({
  agent: new RawAgent({
    tracer: api.trace.getTracer("bench"),
    meter: api.metrics.getMeter("bench"),
    logger: api.logs.getLogger("bench"),
    points: "all",
  }),
  flush: async () => {},
});

const startIdleOurs: StartAgent = () => ({ agent: new OurAgent({}), flush: async () => {} });

const HOOKS = [
  "beforeTurn",
  "afterTurn",
  "onTurnError",
  "session:patch",
  "onMessageReceived",
] as const;

const seen = { characters: 0 };

const attach: Readonly<Record<AgentSpec["listeners"], (engine: HookEngine) => void>> = {
  none: () => {},
  fiveEach: (engine) => {
    for (const hook of [...HOOKS, ...HOOKS, ...HOOKS, ...HOOKS, ...HOOKS]) {
      engine.on(hook, ({ sessionKey }) => {
        seen.characters += sessionKey.length;
      });
    }
  },
  oneAsyncEach: (engine) => {
    for (const hook of HOOKS) {
      engine.on(hook, async ({ sessionKey }) => {
        seen.characters += sessionKey.length;
      });
    }
  },
};
