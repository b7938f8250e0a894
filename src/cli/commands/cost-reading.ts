import type { SessionFiles } from "../../adapters/cli-agents/find-transcripts.ts";
import { readSession } from "../../adapters/cli-agents/read-session.ts";
import { SeenCalls } from "../../adapters/cli-agents/seen-calls.ts";
import { createPriceBook } from "../../pricing/price-book.ts";
import { findPriceFile } from "../../pricing/price-file.ts";
import type { CliContext } from "../context.ts";
import { startProgress } from "../progress.ts";
import { CostLedger } from "./cost-ledger.ts";
import type { Calendar } from "./cost-period.ts";

interface CostPeriod {
  readonly calendar: Calendar;
  /** Default: everything. */
  readonly sinceMs?: number | undefined;
}

/** What transcripts say that model calls used and cost, and what could not be read of them. */
interface CostReading {
  readonly ledger: CostLedger;
  readonly filesRead: number;
  readonly filesTooOld: number;
  readonly bytesRead: number;
  readonly brokenLines: ReadonlyMap<string, number>;
  readonly unreadable: readonly string[];
}

const countFiles = (sessions: readonly SessionFiles[]): number =>
  sessions.reduce((sum, { files }) => sum + files.length, 0);

/** Reads the calls of all sessions that were written to since a time; shows how far it is. */
export async function readCosts(
  sessions: readonly SessionFiles[],
  { calendar, sinceMs = Number.NEGATIVE_INFINITY }: CostPeriod,
  cli: CliContext,
): Promise<CostReading> {
  const { price } = await createPriceBook({ userFile: findPriceFile(cli.env) });
  const ledger = new CostLedger({ price, calendar, sinceMs });
  const recent = sessions.filter(({ modifiedMs }) => modifiedMs >= sinceMs);
  const seen = new SeenCalls();
  const brokenLines = new Map<string, number>();
  const unreadable: string[] = [];
  const progress = startProgress(cli, "MB", 1);
  let bytesRead = 0;
  for (const session of recent) {
    const calls = readSession(session, {
      seen,
      signal: cli.signal,
      onBytes: (bytes) => {
        bytesRead += bytes;
        progress.count(Math.floor(bytesRead / 1e6));
      },
      onBrokenLines: (file, lines) => brokenLines.set(file, lines),
      onUnreadable: (file) => unreadable.push(file),
    });
    for await (const batch of calls) for (const call of batch) ledger.add(call);
  }
  progress.end();
  const filesRead = countFiles(recent);
  const filesTooOld = countFiles(sessions) - filesRead;
  return { ledger, filesRead, filesTooOld, bytesRead, brokenLines, unreadable };
}
