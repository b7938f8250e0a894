import { shellWord } from "../shell-word.ts";
import type { Amounts } from "./cost-ledger.ts";
import { type CostReport, NOTICE } from "./cost-report.ts";

const NANO = 1e9;

/** Writes the report as one JSON document; `docs/cost.md` describes it. */
export function costJson(report: CostReport): string {
  const { by, timezone, sinceMs, rows, total, unknownPrices, troubles } = report;
  const document = {
    version: 1,
    by,
    timezone,
    since: sinceMs === undefined ? null : new Date(sinceMs).toISOString(),
    rows: rows.map(({ key, amounts }) => ({ ...withNulls(key), ...amountsJson(amounts) })),
    total: amountsJson(total),
    unknownPrices: unknownPrices.map(({ model, calls }) => ({
      model: model ?? null,
      calls,
      command: model === undefined ? null : addCommand(model),
    })),
    notice: NOTICE,
    read: {
      files: report.filesRead,
      filesTooOld: report.filesTooOld,
      bytes: report.bytesRead,
      places: report.places.map(({ path, agent, files }) => ({
        path,
        agent: agent?.id ?? null,
        files,
      })),
      brokenLines: [...troubles.brokenLines].map(([file, lines]) => ({ file, lines })),
      unreadable: troubles.unreadable,
      foreign: troubles.foreign,
    },
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** How a model gets a price. */
export const addCommand = (model: string): string =>
  `turnspan prices add ${shellWord(model)} --input USD --output USD`;

const withNulls = (key: Readonly<Record<string, string | undefined>>): object =>
  Object.fromEntries(Object.entries(key).map(([name, value]) => [name, value ?? null]));

/** An unknown cost is null, never 0; a known one leaves out the calls of unknown price. */
function amountsJson(amounts: Amounts): object {
  const { nanoUsd, unknownPriceCalls, calls, ...tokens } = amounts;
  const isUnknown = calls > 0 && unknownPriceCalls === calls;
  return { calls, ...tokens, costUsd: isUnknown ? null : nanoUsd / NANO, unknownPriceCalls };
}
