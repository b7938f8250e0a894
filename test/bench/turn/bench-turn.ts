import { deepStrictEqual, equal } from "node:assert/strict";
import { ratioTo, roundsFor, type Samples, timeInTurn, timeSpread } from "../measure.ts";
import type { Row } from "../report.ts";
import type { AgentSpec } from "./agents.ts";
import { AgentWorker } from "./workers.ts";
import { SPANS } from "./workload.ts";

/** A row: an agent, and what it should cost at most, in the first one's time. */
interface Entrant {
  readonly name: string;
  readonly spec: AgentSpec;
  readonly atMost?: number;
}

type Entrants = readonly [Entrant, ...Entrant[]];

export interface Comparison {
  readonly entrants: Entrants;
  /** Turns in each round. */
  readonly turns: number;
  /** All emit the same: a thing to check. Not so where some emit nothing. */
  readonly sameOutput: boolean;
}

const ROUNDS = 60;

/** Times agents beside the first; throws where one emits something else, or loses telemetry. */
export async function compareAgents({ entrants, turns, sameOutput }: Comparison): Promise<Row[]> {
  using running = new DisposableStack();
  const workers = await Promise.all(entrants.map(({ spec }) => AgentWorker.start(spec)));
  for (const worker of workers) running.use(worker);
  if (sameOutput) await requireSameOutput(workers);
  const timed = entrants.map(({ name }, index) => ({
    name,
    time: async (runs: number) => (await workers[index]?.time(runs)) ?? Number.NaN,
  }));
  const timing = { rounds: roundsFor(ROUNDS), runs: turns, warmUpRuns: 10 * turns };
  const samples = await timeInTurn(timed, timing);
  for (const worker of workers) await requireAllSpans(worker);
  return entrants.map((entrant) => rowOf(entrant, samples, entrants[0].name));
}

async function requireSameOutput(workers: readonly AgentWorker[]): Promise<void> {
  const [base, ...others] = await Promise.all(
    workers.map(async (worker) => (await worker.ask({ ask: "output" })).output),
  );
  for (const output of others) {
    try {
      deepStrictEqual(output, base);
    } catch (error) {
      throw new Error(`not the same telemetry: ${String(error)}`);
    }
  }
}

/** One that loses spans would seem quick. */
async function requireAllSpans(worker: AgentWorker): Promise<void> {
  const { turns = 0, exportedSpans = 0 } = await worker.ask({ ask: "spans" });
  if (exportedSpans > 0) equal(exportedSpans, turns * SPANS, "spans were lost");
}

function rowOf({ name, atMost }: Entrant, samples: Samples, base: string): Row {
  return {
    name,
    figures: { ratio: ratioTo(samples, base, name), "µs a turn": timeSpread(samples, name) },
    goal: atMost === undefined ? undefined : { column: "ratio", atMost },
  };
}
