import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import { makeAuditFolder, makeRecord } from "../support/audit-lane.ts";
import { type AuditReceiver, recordSeq, startAuditReceiver } from "../support/audit-receiver.ts";
import { type EmitterOptions, startEmitter } from "../support/emitter.ts";
import { isQuick, report, rounds, startRandom, within } from "../support/fault-scale.ts";
import {
  buildToxiproxy,
  type FaultyProxy,
  startToxiproxy,
  type Toxic,
  type Toxiproxy,
} from "../support/toxiproxy.ts";

const RATE = 500;
const SECONDS = rounds(60, 12);
/** Longer than the SDK's queue has room for at that rate. */
const DOWN_MS = 7000;
const COUNT = RATE * SECONDS;

/** What happens to the connection for a while, one after the other. */
const FAULTS: readonly (Toxic | "down")[] = [
  { type: "latency", attributes: { latency: 300, jitter: 200 } },
  { type: "bandwidth", attributes: { rate: 10 } },
  { type: "reset_peer", attributes: { timeout: 20 } },
  // Cuts requests in their middle.
  { type: "limit_data", attributes: { bytes: 5000 } },
  { type: "limit_data", stream: "downstream", attributes: { bytes: 20 } },
  { type: "slow_close", stream: "downstream", attributes: { delay: 500 } },
  { type: "timeout", toxicity: 0.5, attributes: { timeout: 300 } },
  "down",
];

/** Nobody is there for a while; then faults in an order of its own for each seed, until it is told to stop. */
async function playFaults(proxy: FaultyProxy, seed: number, signal: AbortSignal): Promise<number> {
  const random = startRandom(seed);
  await proxy.enable(false);
  await sleep(DOWN_MS);
  await proxy.enable(true);
  let played = 1;
  while (!signal.aborted) {
    const fault = FAULTS[Math.floor(random() * FAULTS.length)];
    if (fault === "down" || fault === undefined) await proxy.enable(false);
    else await proxy.add(fault);
    played += 1;
    await sleep(200 + random() * 800);
    await proxy.removeAll();
    await proxy.enable(true);
    await sleep(random() * 200);
  }
  return played;
}

interface Played {
  readonly receiver: AuditReceiver;
  readonly acked: readonly number[];
  readonly faults: number;
}

/** Emits over a faulty connection, and gives what was acknowledged and what arrived. */
async function emitOverFaults(
  toxiproxy: Toxiproxy,
  seed: number,
  options: Pick<EmitterOptions, "kind" | "folder" | "drainMs">,
): Promise<Played> {
  await using receiver = await startAuditReceiver();
  const { port } = new URL(receiver.url);
  const proxy = await toxiproxy.createProxy(Number(port));
  const emitter = startEmitter({
    ...{ urls: [`http://${proxy.listen}/v1/logs`], count: COUNT, rate: RATE },
    ...options,
  });
  await emitter.opened;
  const over = AbortSignal.timeout(SECONDS * 1000);
  const faults = await playFaults(proxy, seed, over);
  const { acked } = await emitter.ended;
  return { receiver, acked, faults };
}

beforeAll(buildToxiproxy, 15 * 60_000);

const idOf = (n: number): unknown => makeRecord(n).attributes["turnspan.record.id"];

test("over a faulty network every record arrives, in order", within({ minutes: 30 }), async () => {
  await using toxiproxy = await startToxiproxy();
  const seeds = Array.from({ length: rounds(20, 2) }, (_, n) => n + 1);
  const atOnce = isQuick ? 2 : 4;
  const totals = { acked: 0, arrived: 0, twice: 0, faults: 0 };
  for (let at = 0; at < seeds.length; at += atOnce) {
    await Promise.all(
      seeds.slice(at, at + atOnce).map(async (seed) => {
        await using folder = await makeAuditFolder();
        const { receiver, acked, faults } = await emitOverFaults(toxiproxy, seed, {
          folder: folder.path,
          drainMs: 120_000,
        });
        const ids = receiver.ids();
        totals.acked += acked.length;
        totals.arrived += ids.length;
        totals.twice += receiver.accepted.length - ids.length;
        totals.faults += faults;
        const there = new Set<unknown>(ids);
        const lost = acked.filter((n) => !there.has(idOf(n)));
        expect(lost.length, `seed ${seed}: ${lost.slice(0, 10)} …`).toBe(0);
        const firstTimes = [...new Set(receiver.accepted.map(recordSeq))];
        const isInOrder = firstTimes.every(
          (seq, at) => at === 0 || seq > (firstTimes[at - 1] ?? seq),
        );
        expect(isInOrder, `seed ${seed}: in order`).toBe(true);
      }),
    );
  }
  report("faulty network", { seeds: seeds.length, secondsEach: SECONDS, ...totals });
  expect(totals.acked).toBe(seeds.length * COUNT);
});

test(
  "the SDK's batch processor loses records over it: the control",
  within({ minutes: 10 }),
  async () => {
    await using toxiproxy = await startToxiproxy();
    const { receiver, acked, faults } = await emitOverFaults(toxiproxy, 1, {
      kind: "stock",
      drainMs: 1,
    });
    const arrived = receiver.ids().length;
    report("faulty network, the SDK's batch processor", { emitted: acked.length, arrived, faults });
    expect(arrived).toBeLessThan(COUNT);
  },
);
