/** What the plugin takes of an OpenClaw gateway: one with it and one without it, turn about. */
import { mkdirSync, readFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Gateway, startGateway } from "../support/openclaw/gateway.ts";
import { installHost, packTurnspan } from "../support/openclaw/host.ts";
import { startMockProvider } from "../support/openclaw/mock-provider.ts";
import { startTestServer } from "../support/server.ts";
import { medianInterval, roundsFor, spreadOf } from "./measure.ts";
import { finish } from "./report.ts";

const ROUNDS = roundsFor(10);
const TURNS = 50;
const WARM_UP_TURNS = 20;
const WAIT_MS = 60_000;
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

async function timeTurn({ client }: Gateway): Promise<number> {
  const runId = `bench-${++turns}`;
  const began = performance.now();
  const sessionKey = "agent:main:bench";
  const params = { agentId: "main", sessionKey, message: "hello", idempotencyKey: runId };
  await client.request("agent", params);
  const { payload } = await client.request("agent.wait", { runId, timeoutMs: WAIT_MS });
  if (payload?.["status"] !== "ok") throw new Error(`${runId}: ${JSON.stringify(payload)}`);
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

await using started = new AsyncDisposableStack();
const host = await installHost();
const { folder } = await packTurnspan();
const { path: work } = started.use(await mkdtempDisposable(path.join(tmpdir(), "turnspan-bench-")));
const provider = started.use(await startMockProvider());
const server = started.use(await startTestServer());
const config = { telemetry: { endpoint: server.server.otlpUrl } };
const access = { allowConversationAccess: true };

async function start(name: string, plugins: Record<string, object>): Promise<Subject> {
  process.stderr.write(`starting the gateway ${name} the plugin …\n`);
  const own = path.join(work, name);
  mkdirSync(own);
  const gateway = await startGateway({
    ...{ host, work: own, providerUrl: provider.url, plugins },
    pluginPaths: "turnspan" in plugins ? [folder] : [],
    // The same for both, so that neither loads what the other does not.
    config: { plugins: { allow: ["turnspan"] } },
  });
  started.use(gateway);
  return warmUp(gateway);
}

const bare = await start("without", {});
const ours = await start("with", { turnspan: { enabled: true, hooks: access, config } });
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
