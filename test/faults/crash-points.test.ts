import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { SegmentLog } from "../../src/base/segment-log.ts";
import { judge, type Verdict } from "../support/fault-ledger.ts";
import { forEachTwo, report, rounds, spread, within } from "../support/fault-scale.ts";
import { readContent } from "../support/segment-folder.ts";
import { type LogCall, runTraced } from "../support/strace.ts";
import type { WriterKind } from "./programs/write-records.ts";

const PROGRAM = path.resolve(import.meta.dirname, "programs/write-records.ts");
/** Enough records that the last point is reached, in segments of about ten. */
const RECORDS = 200;
const LAST_POINT = 200;

interface Point {
  readonly call: LogCall;
  readonly when: number;
}

const pointsOf = (count: number): Point[] =>
  (["pwrite64", "fdatasync"] as const).flatMap((call) =>
    spread(LAST_POINT, count / 2).map((when) => ({ call, when })),
  );

/** Kills a writer at one call; gives what is left, and how long it takes to open it again. */
async function crashAt(kind: WriterKind, { call, when }: Point) {
  const folder = await mkdtempDisposable(path.join(tmpdir(), "turnspan-crash-"));
  const log = path.join(folder.path, "writer");
  const run = await runTraced(PROGRAM, { FOLDER: log, KIND: kind, COUNT: String(RECORDS) }, [
    { call, fault: "signal=SIGKILL", when },
  ]);
  // Where the fault did not happen the run proves nothing.
  expect([run.signal, run.injected > 0]).toEqual(["SIGKILL", true]);
  return { folder, log, run };
}

test(
  "a process killed at any write or sync loses nothing that was acknowledged",
  within({ minutes: 10 }),
  async () => {
    const points = pointsOf(rounds(400, 60));
    const verdicts: Verdict[] = [];
    let slowestMs = 0;
    await forEachTwo(points, async (point) => {
      const { folder, log, run } = await crashAt("strict", point);
      await using _ = folder;
      const verdict = await judge(run.stdout, log, "strict");
      verdicts.push(verdict);
      expect(verdict, JSON.stringify(point)).toMatchObject({
        lost: 0,
        repeated: 0,
        damage: 0,
        inOrder: true,
      });
      expect(verdict.extra).toBeLessThanOrEqual(1);

      const began = performance.now();
      await using again = await SegmentLog.open({ folder: log });
      slowestMs = Math.max(slowestMs, performance.now() - began);
      const { stored, seq } = await again.append('{"n":-1}');
      expect(stored).toBe(true);
      const content = await readContent(log);
      expect(content.seqs().at(-1)).toBe(seq);
      expect(content.tornBytes).toBe(0);
    });
    report("crash points, strict", {
      points: points.length,
      acked: sum(verdicts, "acked"),
      lost: sum(verdicts, "lost"),
      extra: sum(verdicts, "extra"),
      repeated: sum(verdicts, "repeated"),
      slowestOpeningMs: slowestMs.toFixed(1),
    });
  },
);

test(
  "a writer that acknowledges too early is found out: the control",
  within({ minutes: 10 }),
  async () => {
    const verdicts: Verdict[] = [];
    await forEachTwo(pointsOf(10), async (point) => {
      const { folder, log, run } = await crashAt("early", point);
      await using _ = folder;
      verdicts.push(await judge(run.stdout, log, "early"));
    });
    report("crash points, acknowledging early", {
      points: verdicts.length,
      acked: sum(verdicts, "acked"),
      lost: sum(verdicts, "lost"),
    });
    expect(sum(verdicts, "lost")).toBeGreaterThan(0);
  },
);

function sum(
  verdicts: readonly Verdict[],
  figure: "acked" | "lost" | "extra" | "repeated",
): number {
  return verdicts.reduce((total, verdict) => total + verdict[figure], 0);
}
