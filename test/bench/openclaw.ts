/** What the plugin takes of an OpenClaw gateway: one with it and one without it, turn about. */
import { readFileSync } from "node:fs";
import type { Gateway } from "../support/openclaw/gateway.ts";
import { runTurn, startGatewayPair } from "../support/openclaw/gateway-pair.ts";
import { medianInterval, roundsFor, spreadOf } from "./measure.ts";
import { finish } from "./report.ts";

const ROUNDS = roundsFor(10);
const TURNS = 50;
const WARM_UP_TURNS = 20;
const KB = 1024;

interface Subject {
  readonly gateway: Gateway;
  /** Milliseconds of each turn, round by round. */
  readonly rounds: number[][];
  readonly warmMb: number;
}

/** Resident memory, as the kernel counts it. */
function residentMb({ pid }: Gateway): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / KB;
}

let turns = 0;

async function timeTurn(gateway: Gateway): Promise<number> {
  turns += 1;
  const began = performance.now();
  await runTurn(gateway, `bench-${turns}`, "agent:main:bench");
  return performance.now() - began;
}

async function timeTurns(gateway: Gateway, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let done = 0; done < count; done += 1) times.push(await timeTurn(gateway));
  return times;
}

async function warmUp(gateway: Gateway): Promise<Subject> {
  await timeTurns(gateway, WARM_UP_TURNS);
  return { gateway, rounds: [], warmMb: residentMb(gateway) };
}

const p95Of = (times: readonly number[]): number =>
  times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.95)] ?? Number.NaN;

/** Milliseconds of the plugin's own part of the start, as it says itself. */
const startMs = ({ log }: Gateway): number =>
  Number(/recording to \S+ \((\d+) ms\)/.exec(log())?.[1] ?? Number.NaN);

process.stderr.write("starting two gateways …\n");
await using gateways = await startGatewayPair();
const bare = await warmUp(gateways.bare);
const ours = await warmUp(gateways.ours);
for (let round = 0; round < ROUNDS; round += 1) {
  process.stderr.write(`round ${round + 1} of ${ROUNDS} …\n`);
  for (const { gateway, rounds } of round % 2 === 0 ? [bare, ours] : [ours, bare]) {
    rounds.push(await timeTurns(gateway, TURNS));
  }
}

const medians = ({ rounds }: Subject): number[] => rounds.map((times) => spreadOf(times).median);
const ratios = medians(ours).map((ms, round) => ms / (medians(bare)[round] ?? Number.NaN));
const p95 = (subject: Subject): number => p95Of(subject.rounds.flat());
const grownMb = ({ gateway, warmMb }: Subject): number => residentMb(gateway) - warmMb;

finish({
  title: `${ROUNDS} × ${TURNS} turns of a gateway`,
  notes: [
    `Median of the ratios: ${medianInterval(ratios)}. Times are the clock's: a busy machine's say little.`,
  ],
  rows: [
    {
      name: "a turn, ms",
      figures: {
        with: spreadOf(medians(ours)),
        without: spreadOf(medians(bare)),
        compared: spreadOf(ratios),
      },
      goal: { column: "compared", atMost: 1.03 },
    },
    {
      name: "95th percentile, ms",
      figures: { with: p95(ours), without: p95(bare), compared: p95(ours) / p95(bare) },
    },
    {
      name: "memory after the first turns, MB",
      figures: { with: ours.warmMb, without: bare.warmMb, compared: ours.warmMb - bare.warmMb },
      goal: { column: "compared", atMost: 40 },
    },
    {
      name: "memory grown since then, MB",
      figures: {
        with: grownMb(ours),
        without: grownMb(bare),
        compared: grownMb(ours) - grownMb(bare),
      },
      goal: { column: "compared", atMost: 20 },
    },
    {
      name: "own part of the start, ms",
      figures: { with: startMs(ours.gateway), compared: startMs(ours.gateway) },
      goal: { column: "compared", atMost: 300 },
    },
  ],
});
