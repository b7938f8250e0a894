import { readFile } from "node:fs/promises";
import path from "node:path";
import { NAIVE_FILE } from "../faults/programs/naive-log.ts";
import type { WriterKind } from "../faults/programs/write-records.ts";
import { readContent } from "./segment-folder.ts";

/** What became of a run: its ledger beside what is on disk. */
export interface Verdict {
  readonly acked: number;
  /** Acknowledged and not there. */
  readonly lost: number;
  /** There and not acknowledged. */
  readonly extra: number;
  /** There more than once. */
  readonly repeated: number;
  /** Stretches that cannot be read and were not left by a half-written end. */
  readonly damage: number;
  readonly inOrder: boolean;
  /** How long before the last acknowledgement the first of those that are lost had its own, ms. */
  readonly lostMs: number;
}

/** A record that a program says was acknowledged, and when by its own clock. */
export interface LedgerLine {
  readonly n: number;
  readonly atMs: number;
}

export const readLedger = (stdout: string): LedgerLine[] =>
  [...stdout.matchAll(/^ack (\d+) ([\d.]+)$/gm)].map(([, n, at]) => ({
    n: Number(n),
    atMs: Number(at),
  }));

interface Found {
  readonly numbers: readonly number[];
  readonly damage: number;
}

async function findRecords(folder: string, kind: WriterKind): Promise<Found> {
  if (kind !== "strict" && kind !== "batched") return findNaive(folder);
  const content = await readContent(folder);
  const numbers = content.of("record").map(({ body }) => (body as { readonly n: number }).n);
  return { numbers, damage: content.damage.length };
}

async function findNaive(folder: string): Promise<Found> {
  const text = await readFile(path.join(folder, NAIVE_FILE), "utf8").catch(() => "");
  const numbers = [...text.matchAll(/^\{"n":(\d+),"pad":"x+"\}$/gm)].map(([, n]) => Number(n));
  return { numbers, damage: 0 };
}

/** Compares a ledger with a log. */
export async function judge(stdout: string, folder: string, kind: WriterKind): Promise<Verdict> {
  const ledger = readLedger(stdout);
  const { numbers, damage } = await findRecords(folder, kind);
  const there = new Set(numbers);
  const known = new Set(ledger.map(({ n }) => n));
  const lost = ledger.filter(({ n }) => !there.has(n));
  const endMs = ledger.at(-1)?.atMs ?? 0;
  return {
    acked: ledger.length,
    lost: lost.length,
    lostMs: endMs - (lost[0]?.atMs ?? endMs),
    extra: [...there].filter((n) => !known.has(n)).length,
    repeated: numbers.length - there.size,
    damage,
    inOrder: numbers.every((n, at) => at === 0 || n > (numbers[at - 1] ?? n)),
  };
}
