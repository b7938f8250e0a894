import path from "node:path";
import { record, records, text } from "../../adapters/cli-agents/fields.ts";
import { readIfThere } from "../../base/files.ts";

/** A limit of a budget, with what is left of it in words. */
export interface BudgetLeft {
  /** Whose, such as `agent claude-code, day 2026-11-21`. */
  readonly owner: string;
  readonly text: string;
  /** 1: nothing is left. */
  readonly share: number;
}

/** What a status line tells, as it was read a moment ago. Money is in nano-dollars. */
export interface Figures {
  readonly readMs: number;
  readonly tookMs: number;
  readonly day: string;
  readonly timezone: string;
  readonly nanoUsd: number;
  readonly unknownCalls: number;
  /** Of each session that was written to today, all of it. */
  readonly sessions: Readonly<Record<string, number>>;
  readonly budgets: readonly BudgetLeft[];
}

export const figuresFile = (dataFolder: string): string => path.join(dataFolder, "statusline.json");

/** What was kept; undefined where nothing was, or another version did it. */
export async function readFigures(dataFolder: string): Promise<Figures | undefined> {
  const kept = record(parseJson(await readIfThere(figuresFile(dataFolder)).catch(() => undefined)));
  const { readMs, tookMs, nanoUsd, unknownCalls } = kept;
  const numbers = [readMs, tookMs, nanoUsd, unknownCalls].filter(Number.isFinite) as number[];
  const [day, timezone] = [text(kept["day"]), text(kept["timezone"])];
  if (numbers.length < 4 || day === undefined || timezone === undefined) return undefined;
  const [read = 0, took = 0, nano = 0, unknown = 0] = numbers;
  return {
    ...{ readMs: read, tookMs: took, day, timezone, nanoUsd: nano, unknownCalls: unknown },
    sessions: record(kept["sessions"]) as Readonly<Record<string, number>>,
    budgets: records(kept["budgets"]) as unknown as readonly BudgetLeft[],
  };
}

/** Never throws: what is no JSON says nothing. */
export function parseJson(content: string | undefined): unknown {
  try {
    return JSON.parse(content ?? "");
  } catch {
    return undefined;
  }
}
