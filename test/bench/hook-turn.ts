/** What hooks cost a turn that nobody listens to: the engine and its span processor, beside neither. */
import { HookEngine } from "../../src/hooks/engine.ts";
import { HookSpanProcessor } from "../../src/hooks/span-processor.ts";
import {
  medianInterval,
  ratiosTo,
  roundsFor,
  spreadOf,
  timeSpread,
  timeVariants,
} from "./measure.ts";
import { finish } from "./report.ts";
import { OurAgent } from "./turn/our-agent.ts";
import { loadSdk, startStack } from "./turn/stack.ts";

const NEITHER = "no engine, no processor";
const UNHEARD = "both, and nobody listens";
const RATIO = "ratio";

/** What the lifecycle is told where there is nobody to tell. */
const nobody: Pick<HookEngine, "hasListeners" | "listens" | "dispatch" | "depth" | "connect"> = {
  hasListeners: false,
  listens: () => false,
  dispatch: () => undefined,
  depth: () => 0,
  connect: () => undefined,
};

const sdk = await loadSdk("3");

function startAgent(hooks: HookEngine | undefined): OurAgent {
  const hookProcessor = hooks && new HookSpanProcessor(hooks);
  const { tracerProvider, meterProvider, loggerProvider } = startStack(sdk, {
    sampled: true,
    hookProcessor,
  });
  const providers = { tracerProvider, meterProvider, loggerProvider };
  // The rest of an engine is for those who attach handlers.
  return new OurAgent({ ...providers, hooks: hooks ?? (nobody as HookEngine) });
}

const agents = new Map([
  [NEITHER, startAgent(undefined)],
  [UNHEARD, startAgent(new HookEngine())],
]);
const variants = [...agents].map(([name, agent]) => ({ name, run: () => agent.turn() }));
const samples = await timeVariants(variants, { rounds: roundsFor(5001), runs: 10 });
const ratios = ratiosTo(samples, NEITHER, UNHEARD);
finish({
  title: "Agent turn, exporting, with hooks that nobody listens to",
  notes: [
    `SDK 3.1, 9 spans a turn. CPU time; both take turns in each of ${ratios.length} rounds of 10 turns.`,
  ],
  rows: [
    { name: NEITHER, figures: { "us CPU": timeSpread(samples, NEITHER) } },
    {
      name: UNHEARD,
      figures: {
        "us CPU": timeSpread(samples, UNHEARD),
        [RATIO]: spreadOf(ratios).median,
        "95 % of medians": medianInterval(ratios),
      },
      goal: { column: RATIO, atMost: 1.01 },
    },
  ],
});
process.exit();
