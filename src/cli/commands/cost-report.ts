import type { SearchedPlace } from "../../adapters/cli-agents/find-transcripts.ts";
import type { Amounts } from "./cost-ledger.ts";
import type { By, Row, UnknownPrice } from "./cost-rows.ts";

/** Everything that `turnspan cost` has to say, as data. */
export interface CostReport {
  readonly by: By;
  readonly timezone: string;
  /** Epoch milliseconds; absent where all that is there was asked for. */
  readonly sinceMs: number | undefined;
  readonly rows: readonly Row[];
  readonly total: Amounts;
  readonly unknownPrices: readonly UnknownPrice[];
  readonly places: readonly SearchedPlace[];
  readonly filesRead: number;
  /** Files that were last changed before the time asked for. */
  readonly filesTooOld: number;
  readonly bytesRead: number;
  readonly troubles: CostTroubles;
}

/** What was skipped, and where. */
export interface CostTroubles {
  readonly brokenLines: ReadonlyMap<string, number>;
  readonly unreadable: readonly string[];
  readonly foreign: readonly string[];
}

export const NOTICE = "API list price; your plan may bill differently.";

export const hasTroubles = ({ brokenLines, unreadable, foreign }: CostTroubles): boolean =>
  brokenLines.size + unreadable.length + foreign.length > 0;
