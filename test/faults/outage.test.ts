import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { idsOf, makeAuditFolder, makeRecords, until } from "../support/audit-lane.ts";
import { startAuditReceiver } from "../support/audit-receiver.ts";
import { runEmitter } from "../support/emitter.ts";
import { report, rounds, within } from "../support/fault-scale.ts";
import { findClosedPort } from "../support/otlp-sink.ts";

const RATE = 500;
const OUTAGE_S = rounds(600, 60);
/** What comes while the receiver is back. */
const COUNT = (OUTAGE_S + 2) * RATE;

const urlOf = (port: number): string => `http://127.0.0.1:${port}/v1/logs`;

test.concurrent(
  "all records of a long outage arrive, each once by its id",
  within({ minutes: 20 }),
  async () => {
    await using folder = await makeAuditFolder();
    const port = await findClosedPort();
    const ended = runEmitter({
      ...{ folder: folder.path, urls: [urlOf(port)], count: COUNT, rate: RATE },
      drainMs: 120_000,
    });
    await sleep(OUTAGE_S * 1000);
    await using receiver = await startAuditReceiver(undefined, port);
    await Promise.race([ended, until(() => receiver.accepted.length > 0)]);
    const [backAt, already] = [performance.now(), receiver.accepted.length];
    const inOutage = OUTAGE_S * RATE;
    await Promise.race([ended, until(() => receiver.accepted.length >= inOutage)]);
    const drainSeconds = (performance.now() - backAt) / 1000;
    const { acked, stats } = await ended;
    report(`outage of ${OUTAGE_S} s at ${RATE} records/s`, {
      records: COUNT,
      acked: acked.length,
      arrived: receiver.accepted.length,
      unique: receiver.ids().length,
      drainedPerSecond: Math.round((inOutage - already) / drainSeconds),
      p99Us: stats?.p99Us.toFixed(0) ?? "",
      grownMb: stats?.grownMb.toFixed(0) ?? "",
    });
    expect(acked).toHaveLength(COUNT);
    expect(receiver.ids()).toEqual(idsOf(makeRecords(COUNT)));
  },
);

test.concurrent(
  "the SDK's batch processor loses most of them: the control",
  within({ minutes: 20 }),
  async () => {
    const port = await findClosedPort();
    // The same for a minute is enough to lose nearly all.
    const seconds = Math.min(OUTAGE_S, 60);
    const count = (seconds + 2) * RATE;
    const ended = runEmitter({ kind: "stock", urls: [urlOf(port)], count, rate: RATE, drainMs: 1 });
    await sleep(seconds * 1000);
    await using receiver = await startAuditReceiver(undefined, port);
    await ended;
    report(`outage of ${seconds} s, the SDK's batch processor`, {
      records: count,
      arrived: receiver.ids().length,
      lost: count - receiver.ids().length,
    });
    expect(receiver.ids().length).toBeLessThan(count / 2);
  },
);
