import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { SegmentLog } from "../../src/base/segment-log.ts";
import type { SegmentAlarm } from "../../src/base/segment-log-options.ts";
import { createProviders } from "../../src/sdk/providers.ts";
import { readAuditFolder } from "../support/audit-lane.ts";
import { report, within } from "../support/fault-scale.ts";
import { makeBody, readContent } from "../support/segment-folder.ts";
import { makeSmallDisk } from "../support/small-disk.ts";
import { NAIVE_FILE, openNaiveLog } from "./programs/naive-log.ts";

test(
  "on a full disk records wait, then are lost and counted exactly; with room again all goes on",
  within({ minutes: 10 }),
  async () => {
    await using disk = await makeSmallDisk(8);
    const alarms: SegmentAlarm[] = [];
    await using log = await SegmentLog.open({
      folder: path.join(disk.path, "writer"),
      maxWaitingBytes: 200_000,
      onAlarm: (alarm) => alarms.push(alarm),
    });
    const stored: number[] = [];
    const lost: number[] = [];
    const pending = new Set<Promise<unknown>>();
    const append = (n: number): void => {
      const ack = log.append(makeBody(n, 200)).then((said) => {
        (said.stored ? stored : lost).push(said.seq);
      });
      pending.add(ack);
    };
    for (let n = 0; n < 1000; n += 1) append(n);
    await log.drain(10_000);
    await disk.fill();
    const fullAt = performance.now();
    for (let n = 1000; n < 4000; n += 1) append(n);
    while (!alarms.some(({ kind }) => kind === "trouble")) await sleep(5);
    const alarmMs = performance.now() - fullAt;
    expect(alarms.find(({ kind }) => kind === "trouble")).toMatchObject({ reason: "disk_full" });
    for (let n = 4000; n < 5000; n += 1) append(n);

    await disk.empty();
    const roomAt = performance.now();
    while (!alarms.some(({ kind }) => kind === "resumed")) await sleep(5);
    const resumedMs = performance.now() - roomAt;
    append(5000);
    await Promise.all(pending);

    const content = await readContent(path.join(disk.path, "writer"));
    expect(content.seqs()).toEqual(stored);
    const gaps = content.of("gap").map(({ gap }) => gap);
    const missing = gaps.flatMap(({ firstSeq, count }) =>
      Array.from({ length: count }, (_, n) => firstSeq + n),
    );
    expect(missing).toEqual(lost.sort((one, other) => one - other));
    expect(stored.length + lost.length).toBe(5001);
    expect(lost.length).toBeGreaterThan(1000);
    report("8 MiB disk, full", {
      stored: stored.length,
      lost: lost.length,
      inGaps: missing.length,
      alarmMs: alarmMs.toFixed(0),
      resumedMs: resumedMs.toFixed(0),
    });
  },
);

test(
  "with fail-turn no turn runs while the disk is full, and of those that ran all is recorded",
  within({ minutes: 10 }),
  async () => {
    await using disk = await makeSmallDisk(8);
    const folder = path.join(disk.path, "audit");
    let ran = 0;
    let blocked = 0;
    {
      await using telemetry = await createProviders({
        ...{ serviceName: "shop", metrics: false, endpoint: "http://127.0.0.1:1" },
        audit: { folder, onFull: "fail-turn", destinations: [] },
      });
      using session = telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" });
      const isBlocked = async (): Promise<boolean> => {
        const outcome = await session
          .turn({}, () => "ran")
          .catch((error: { readonly code?: unknown }) => error.code);
        expect(["ran", "TURN_BLOCKED"]).toContain(outcome);
        if (outcome === "ran") ran += 1;
        else blocked += 1;
        await sleep(2);
        return outcome !== "ran";
      };
      await isBlocked();
      await disk.fill();
      while (!(await isBlocked())) {
        // The last page of the segment still has room.
      }
      for (let turn = 0; turn < 5; turn += 1) expect(await isBlocked()).toBe(true);
      await disk.empty();
      while (await isBlocked()) {
        // Until the log has tried again.
      }
      expect(telemetry.dropped().filter(({ signal }) => signal === "audit")).toEqual([]);
    }
    const records = (await readAuditFolder(folder)).flatMap((log) => log.of("record"));
    const outcomes = records.map(
      ({ body }) =>
        (body as { attributes: Record<string, unknown> }).attributes["turnspan.turn.outcome"],
    );
    const count = (wanted: string): number => outcomes.filter((one) => one === wanted).length;
    report("8 MiB disk, full, fail-turn", { ran, blocked, recorded: records.length });
    expect([count("completed"), count("blocked")]).toEqual([ran, blocked]);
  },
);

test(
  "a writer that does not look acknowledges what a full disk never took: the control",
  within({ minutes: 10 }),
  async () => {
    await using disk = await makeSmallDisk(1);
    const log = await openNaiveLog(disk.path, "early", (n) => makeBody(n, 200));
    await disk.fill();
    let acked = 0;
    for (let n = 0; n < 1000; n += 1) if (await log.append(n)) acked += 1;
    await log.close();
    const text = await readFile(path.join(disk.path, NAIVE_FILE), "utf8");
    const stored = text.split("\n").filter((line) => line.endsWith("}")).length;
    report("1 MiB disk, full, acknowledging early", { acked, stored });
    expect(acked).toBe(1000);
    expect(stored).toBeLessThan(acked);
  },
);
