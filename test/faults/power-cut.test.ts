import path from "node:path";
import { expect, test } from "vitest";
import { judge, type Verdict } from "../support/fault-ledger.ts";
import { report, rounds, spread, within } from "../support/fault-scale.ts";
import { makeLoopImage } from "../support/loop-image.ts";
import { type LogCall, stopAt } from "../support/strace.ts";
import type { WriterKind } from "./programs/write-records.ts";

const PROGRAM = path.resolve(import.meta.dirname, "programs/write-records.ts");

interface Cut {
  readonly call: LogCall;
  readonly when: number;
}

/** Cuts between write and sync, and between sync and acknowledgement. */
const cutsOf = (count: number, last: number): Cut[] =>
  (["pwrite64", "fdatasync"] as const).flatMap((call) =>
    spread(last, count / 2).map((when) => ({ call, when })),
  );

/** Stops a writer at one call, takes what its disk has then, and compares it with the ledger. */
async function cutPower(
  kind: WriterKind,
  cut: Cut,
  env: Readonly<Record<string, string>> = {},
): Promise<Verdict> {
  await using image = await makeLoopImage();
  let after = "";
  const { stdout } = await stopAt(
    PROGRAM,
    { FOLDER: path.join(image.path, "writer"), KIND: kind, COUNT: "100000", ...env },
    cut,
    async () => {
      after = await image.cutPower();
    },
  );
  return await judge(stdout, path.join(after, "writer"), kind);
}

function total(verdicts: readonly Verdict[]) {
  const sum = (figure: "acked" | "lost" | "extra"): number =>
    verdicts.reduce((all, verdict) => all + verdict[figure], 0);
  return { cuts: verdicts.length, acked: sum("acked"), lost: sum("lost"), extra: sum("extra") };
}

test(
  "a power cut at any write or sync loses nothing that was acknowledged",
  within({ minutes: 10 }),
  async () => {
    const verdicts: Verdict[] = [];
    for (const cut of cutsOf(rounds(60, 16), 90)) {
      const verdict = await cutPower("strict", cut);
      verdicts.push(verdict);
      expect(verdict, JSON.stringify(cut)).toMatchObject({ lost: 0, repeated: 0, damage: 0 });
    }
    report("power cuts, strict", total(verdicts));
  },
);

test(
  "with many records in flight a power cut loses nothing that was acknowledged",
  within({ minutes: 10 }),
  async () => {
    const verdicts: Verdict[] = [];
    for (const cut of cutsOf(rounds(20, 4), 60)) {
      const verdict = await cutPower("strict", cut, { IN_FLIGHT: "64", SEGMENT_BYTES: "100000" });
      verdicts.push(verdict);
      expect(verdict, JSON.stringify(cut)).toMatchObject({ lost: 0, repeated: 0, damage: 0 });
    }
    report("power cuts, strict, 64 in flight", total(verdicts));
  },
);

test(
  "mode batched loses no more than the last moment's records",
  within({ minutes: 10 }),
  async () => {
    const verdicts: Verdict[] = [];
    const env = { PACE_MS: "2", SEGMENT_BYTES: "1000000" };
    for (const cut of cutsOf(rounds(20, 4), 10)) verdicts.push(await cutPower("batched", cut, env));
    const lostMs = Math.max(...verdicts.map((verdict) => verdict.lostMs));
    report("power cuts, batched", { ...total(verdicts), lostMs: lostMs.toFixed(0) });
    // 50 ms are promised; a busy machine may hold up the timer and the sync.
    expect(lostMs).toBeLessThan(3000);
    expect(verdicts.every(({ damage, repeated }) => damage === 0 && repeated === 0)).toBe(true);
  },
);

test(
  "a writer that never syncs loses what it acknowledged: the control",
  within({ minutes: 10 }),
  async () => {
    const verdicts: Verdict[] = [];
    for (const when of spread(2000, 3)) {
      verdicts.push(await cutPower("no-sync", { call: "pwrite64", when: when + 100 }));
    }
    report("power cuts, without a sync", total(verdicts));
    expect(verdicts.every(({ lost, acked }) => acked > 90 && lost === acked)).toBe(true);
  },
);
