import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { makeAuditFolder, makeRecord } from "../support/audit-lane.ts";
import { type AuditReceiver, startAuditReceiver } from "../support/audit-receiver.ts";
import { type EmitterOptions, runEmitter, startEmitter } from "../support/emitter.ts";
import { report, rounds, startRandom, within } from "../support/fault-scale.ts";

/** Numbers of one run's records are apart from another's. */
const RUN = 100_000;
/** What one request holds at most: all that a kill may make come twice. */
const BATCH = 512;
const SEED = 7;

const idOf = (n: number): unknown => makeRecord(n).attributes["turnspan.record.id"];

/** Kills a process that emits 500 records a second, again and again; gives what it had acknowledged. */
async function killAgainAndAgain(
  kills: number,
  options: Omit<EmitterOptions, "count" | "from">,
): Promise<number[]> {
  const random = startRandom(SEED);
  const acked: number[] = [];
  for (let run = 0; run < kills; run += 1) {
    const emitter = startEmitter({ ...options, count: RUN, from: run * RUN });
    await emitter.opened;
    await sleep(random() * 700);
    emitter.process.kill("SIGKILL");
    acked.push(...(await emitter.ended).acked);
  }
  return acked;
}

function compare(receiver: AuditReceiver, acked: readonly number[]) {
  const there = new Set<unknown>(receiver.ids());
  return {
    acked: acked.length,
    lost: acked.filter((n) => !there.has(idOf(n))).length,
    arrived: there.size,
    twice: receiver.accepted.length - there.size,
  };
}

test(
  "of a process that is killed at random times nothing acknowledged is lost, and little comes twice",
  within({ minutes: 15 }),
  async () => {
    await using folder = await makeAuditFolder();
    await using receiver = await startAuditReceiver();
    const kills = rounds(200, 20);
    const to = { folder: folder.path, urls: [receiver.url] };
    const acked = await killAgainAndAgain(kills, to);
    // The last one delivers what the others left.
    const last = await runEmitter({ ...to, count: 1, from: kills * RUN, drainMs: 60_000 });
    const found = compare(receiver, [...acked, ...last.acked]);
    report("random kills", { kills, seed: SEED, ...found });
    expect(found.acked).toBeGreaterThan(kills);
    expect(found.lost).toBe(0);
    expect(found.twice).toBeLessThanOrEqual(kills * BATCH);
    for (const { damage, tornBytes } of await folder.contents()) {
      expect([damage.length, tornBytes]).toEqual([0, 0]);
    }
  },
);

test(
  "the SDK's batch processor loses what it held in memory: the control",
  within({ minutes: 10 }),
  async () => {
    await using receiver = await startAuditReceiver();
    const acked = await killAgainAndAgain(5, { kind: "stock", urls: [receiver.url] });
    const found = compare(receiver, acked);
    report("random kills, the SDK's batch processor", { kills: 5, seed: SEED, ...found });
    expect(found.acked).toBeGreaterThan(5);
    expect(found.lost).toBeGreaterThan(0);
  },
);
