import { HookEngine } from "../../../src/hooks/engine.ts";
import { HookSpanProcessor } from "../../../src/hooks/span-processor.ts";
import { OurAgent } from "./our-agent.ts";
import { withoutCallPoints } from "./points.ts";
import { RawAgent } from "./raw-agent.ts";
import type { StartAgent } from "./same-output.ts";
import type { StartStack } from "./stack.ts";

/** What telemetry an agent makes. */
export interface Mode {
  readonly sampled: boolean;
  readonly points: "all" | "ten";
}

type Attach = (engine: HookEngine) => void;

/** Our agent on an SDK, as `startTelemetry` would set it up. */
export const ourAgent =
  (startStack: StartStack, { sampled, points }: Mode, attach: Attach = () => {}): StartAgent =>
  ({ meterProvider, ...taps }) => {
    const hooks = new HookEngine();
    attach(hooks);
    const hookProcessor = new HookSpanProcessor(hooks);
    const { flush, ...stack } = startStack({ ...taps, sampled, hookProcessor });
    const meters = meterProvider ?? stack.meterProvider;
    const agent = new OurAgent({
      ...stack,
      meterProvider: points === "all" ? meters : withoutCallPoints(meters),
      hooks,
    });
    return { agent, flush };
  };

/** The agent with telemetry by hand. */
export const rawAgent =
  (startStack: StartStack, { sampled, points }: Mode): StartAgent =>
  ({ meterProvider, ...taps }) => {
    const { flush, ...stack } = startStack({ ...taps, sampled });
    const agent = new RawAgent({
      tracer: stack.tracerProvider.getTracer("bench"),
      logger: stack.loggerProvider.getLogger("bench"),
      meter: (meterProvider ?? stack.meterProvider).getMeter("bench"),
      points,
    });
    return { agent, flush };
  };

const HOOKS = [
  "beforeTurn",
  "afterTurn",
  "onTurnError",
  "session:patch",
  "onMessageReceived",
] as const;

/** Listeners that read what most do: who and how long. */
export const attachSync =
  (count: number): Attach =>
  (engine) => {
    let seen = 0;
    for (const hook of HOOKS) {
      for (let listener = 0; listener < count; listener += 1) {
        engine.on(hook, ({ sessionKey }) => {
          seen += sessionKey.length;
        });
      }
    }
  };

export const attachAsync: Attach = (engine) => {
  let seen = 0;
  for (const hook of HOOKS) {
    engine.on(hook, async ({ sessionKey }) => {
      seen += sessionKey.length;
    });
  }
};
