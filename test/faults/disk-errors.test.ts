import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { judge, readLedger } from "../support/fault-ledger.ts";
import { forEachTwo, report, rounds, spread, within } from "../support/fault-scale.ts";
import { readContent } from "../support/segment-folder.ts";
import { findUsesAfterFailedSync, type Injection, runTraced } from "../support/strace.ts";
import type { WriterKind } from "./programs/write-records.ts";

const PROGRAM = path.resolve(import.meta.dirname, "programs/write-records.ts");
const RECORDS = 60;

/** Runs a writer with faults that end; gives what it said and what is there. */
async function writeWith(
  kind: WriterKind,
  injection: Injection,
  env: Readonly<Record<string, string>> = {},
) {
  await using folder = await mkdtempDisposable(path.join(tmpdir(), "turnspan-disk-"));
  const log = path.join(folder.path, "writer");
  const given = { FOLDER: log, KIND: kind, COUNT: String(RECORDS), ...env };
  const run = await runTraced(PROGRAM, given, [injection]);
  expect(run.injected).toBeGreaterThan(0);
  const content = await readContent(log);
  return {
    run,
    verdict: await judge(run.stdout, log, kind),
    causes: content.of("segment").flatMap(({ header }) => header.after?.cause ?? []),
    reused: findUsesAfterFailedSync(run.trace).length,
  };
}

test(
  "a sync that fails is never tried on the same file again, and no record is acknowledged by it",
  within({ minutes: 10 }),
  async () => {
    const points = spread(RECORDS, rounds(50, 12));
    let segments = 0;
    await forEachTwo(points, async (when) => {
      const written = await writeWith("strict", { call: "fdatasync", fault: "error=EIO", when });
      expect(written.run.code, written.run.stderr).toBe(0);
      expect(written.verdict).toMatchObject({ acked: RECORDS, lost: 0, repeated: 0, damage: 0 });
      expect(written.reused).toBe(0);
      // The last sync of all is that of the closing frame, after which there is no segment any more.
      if (when <= RECORDS) expect(written.causes).toEqual(["EIO fdatasync"]);
      expect(written.run.stdout).toMatch(/^alarm trouble .*disk_failed/m);
      expect(written.run.stdout).toMatch(/^alarm resumed/m);
      segments += written.causes.length;
    });
    report("failed syncs", { points: points.length, falseAcks: 0, newSegments: segments });
  },
);

test(
  "several syncs that fail in a row leave one segment given up, and lose no record",
  within({ minutes: 10 }),
  async () => {
    await forEachTwo(spread(40, rounds(20, 4)), async (from) => {
      const when = `${from}..${from + 4}` as const;
      const written = await writeWith("strict", { call: "fdatasync", fault: "error=EIO", when });
      expect(written.verdict).toMatchObject({ acked: RECORDS, lost: 0, repeated: 0, damage: 0 });
      expect(written.reused).toBe(0);
      expect(written.causes).toEqual(["EIO fdatasync"]);
    });
  },
);

test("while every sync fails nothing is acknowledged", within({ minutes: 10 }), async () => {
  const always = { call: "fdatasync", fault: "error=EIO", when: "10+" } as const;
  const { run } = await writeWith("strict", always, { LIFE_MS: "3000" });
  expect(readLedger(run.stdout)).toHaveLength(9);
  const deaf = await writeWith("deaf", always);
  report("every sync fails from the tenth on", {
    acked: readLedger(run.stdout).length,
    ackedByTheDeaf: readLedger(deaf.run.stdout).length,
  });
  // The control: a writer that does not look acknowledges all of them.
  expect(readLedger(deaf.run.stdout)).toHaveLength(RECORDS);
});

test(
  "a writer that syncs the same file again is found out: the control",
  within({ minutes: 10 }),
  async () => {
    const injection = { call: "fdatasync", fault: "error=EIO", when: 20 } as const;
    const { reused, verdict } = await writeWith("sync-again", injection);
    expect(verdict).toMatchObject({ acked: RECORDS, lost: 0 });
    expect(reused).toBeGreaterThan(0);
  },
);

test("a full disk at any write costs time, and no record", within({ minutes: 10 }), async () => {
  const points = spread(RECORDS, rounds(50, 12));
  await forEachTwo(points, async (from) => {
    const when = `${from}..${from + 2}` as const;
    const written = await writeWith("strict", { call: "pwrite64", fault: "error=ENOSPC", when });
    expect(written.verdict).toMatchObject({ acked: RECORDS, lost: 0, repeated: 0, damage: 0 });
    expect(written.causes).toEqual([]);
    expect(written.run.stdout).toMatch(/^alarm trouble .*disk_full/m);
  });
  report("full disk", { points: points.length, lost: 0 });
});

test(
  "a write that fails for good costs a segment, and no record",
  within({ minutes: 10 }),
  async () => {
    await forEachTwo(spread(RECORDS, rounds(50, 8)), async (when) => {
      const written = await writeWith("strict", { call: "pwrite64", fault: "error=EIO", when });
      expect(written.verdict).toMatchObject({ acked: RECORDS, lost: 0, repeated: 0, damage: 0 });
      expect(written.causes).toEqual(["EIO write"]);
    });
  },
);

test(
  "mode batched writes again what it had acknowledged and a failed sync took",
  within({ minutes: 10 }),
  async () => {
    await forEachTwo(spread(6, rounds(6, 3)), async (when) => {
      const written = await writeWith("batched", { call: "fdatasync", fault: "error=EIO", when });
      expect(written.verdict).toMatchObject({ acked: RECORDS, lost: 0, repeated: 0, damage: 0 });
      expect(written.reused).toBe(0);
    });
  },
);
