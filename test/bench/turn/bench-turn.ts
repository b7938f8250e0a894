import { equal } from "node:assert/strict";
import { ratioTo, roundsFor, type Samples, timeSpread, timeVariants } from "../measure.ts";
import type { Goal, Report, Row } from "../report.ts";
import { attachAsync, attachSync, type Mode, ourAgent, rawAgent } from "./agents.ts";
import { readTurn, requireSameOutput, type StartAgent } from "./same-output.ts";
import type { StartStack } from "./stack.ts";
import { SPANS } from "./workload.ts";

const TURNS = 300;

/** An agent by its row's name. */
interface Entrant {
  readonly name: string;
  readonly start: StartAgent;
  readonly atMost?: number;
}

const ALL: Mode = { sampled: true, points: "all" };
const TEN: Mode = { sampled: true, points: "ten" };
const OFF: Mode = { sampled: false, points: "all" };

/** The agent turn on one SDK: ours beside raw OpenTelemetry, in the same rounds. */
export async function benchTurn(sdk: string, stack: StartStack): Promise<Report> {
  const { points, logs } = await readTurn(rawAgent(stack, ALL));
  const groups: readonly (readonly [Entrant, ...Entrant[]])[] = [
    [
      { name: `raw, ${points.length} points`, start: rawAgent(stack, ALL) },
      { name: "raw once more (noise)", start: rawAgent(stack, ALL) },
      { name: "no listener", start: ourAgent(stack, ALL), atMost: 1.1 },
      {
        name: "5 sync listeners on each of 5 hooks",
        start: ourAgent(stack, ALL, attachSync(5)),
        atMost: 1.25,
      },
      { name: "1 async listener on each", start: ourAgent(stack, ALL, attachAsync) },
    ],
    [
      { name: "raw, 10 points", start: rawAgent(stack, TEN) },
      { name: "no listener, 10 points", start: ourAgent(stack, TEN), atMost: 1.1 },
    ],
    [
      { name: "raw, sampled out", start: rawAgent(stack, OFF) },
      { name: "no listener, sampled out", start: ourAgent(stack, OFF), atMost: 1.0 },
    ],
  ];
  const rows: Row[] = [];
  for (const group of groups) rows.push(...(await compareAgents(group)));
  return {
    title: `Agent turn against raw OpenTelemetry by hand, ${sdk}`,
    notes: [
      `A turn: ${SPANS} spans, 2 patches (4 span events), ${logs.length} log records, ${points.length} metric points;`,
      "batch processors with exporters that do nothing, a metric reader. All emit the same: checked before.",
      "Of the five hooks three fire in such a turn: beforeTurn, session:patch twice, afterTurn.",
    ],
    rows,
  };
}

/** Times agents beside the first; throws where one emits something else, or where telemetry was lost. */
async function compareAgents(entrants: readonly [Entrant, ...Entrant[]]): Promise<Row[]> {
  const [base] = entrants;
  for (const { start } of entrants) await requireSameOutput(start, base.start);
  const running = entrants.map(({ name, start }) => ({ name, ...startCounted(start) }));
  const samples = await timeVariants(running, { rounds: roundsFor(60), runs: TURNS });
  for (const { finish } of running) await finish();
  return entrants.map((entrant) => rowOf(entrant, samples, base.name));
}

function rowOf({ name, atMost }: Entrant, samples: Samples, base: string): Row {
  const ratio = ratioTo(samples, base, name);
  const goal: Goal | undefined = atMost === undefined ? undefined : { column: "ratio", atMost };
  return { name, figures: { ratio, "µs a turn": timeSpread(samples, name) }, goal };
}

interface CountedAgent {
  readonly run: () => Promise<string>;
  /** Throws where spans were lost: an agent that loses some would seem quick. */
  readonly finish: () => Promise<void>;
}

function startCounted(start: StartAgent): CountedAgent {
  let turns = 0;
  let exported = 0;
  const { agent, flush } = start({
    onSpans: (batch) => {
      exported += batch.length;
    },
  });
  return {
    run: () => {
      turns += 1;
      return agent.turn();
    },
    finish: async () => {
      await flush();
      if (exported > 0) equal(exported, turns * SPANS, "spans were lost");
      agent.end();
    },
  };
}
