import { costText, type Tally, turnsText } from "../record-tally.ts";
import { type CostTroubles, NOTICE } from "./cost-report.ts";

/** Everything that `turnspan import` has to say, as data. */
export interface ImportReport {
  readonly sessionsRead: number;
  /** Sessions that were imported before, or are older than what was asked for. */
  readonly sessionsKnown: number;
  /** Sessions with a turn that still runs: the next import takes them. */
  readonly sessionsRunning: number;
  readonly bytesRead: number;
  readonly tally: Tally;
  readonly troubles: CostTroubles;
}

export function importJson({ troubles, tally, ...counts }: ImportReport): string {
  const { brokenLines, unreadable, foreign } = troubles;
  const document = {
    version: 1,
    ...counts,
    ...tally,
    notice: NOTICE,
    brokenLines: [...brokenLines].map(([file, lines]) => ({ file, lines })),
    ...{ unreadable, foreign },
  };
  return `${JSON.stringify(document)}\n`;
}

/** A session that was resumed is opened by each program that went on with it. */
const sessionsText = (sessions: number, opened: number): string =>
  opened <= sessions ? `${opened}` : `${sessions}, opened ${opened} times`;

export function importText(report: ImportReport): string {
  const { tally, sessionsRead, sessionsKnown, sessionsRunning, bytesRead } = report;
  const running = sessionsRunning === 0 ? "" : `, ${sessionsRunning} with a turn that still runs`;
  return [
    `transcripts of ${sessionsRead} sessions, ${(bytesRead / 1e6).toFixed(1)} MB; left out: ${sessionsKnown} imported before or too old${running}`,
    `sessions  ${sessionsText(sessionsRead, tally.sessions)}`,
    `turns     ${turnsText(tally) || "0"}; ${tally.announceTurns} announce`,
    `subagents ${tally.subagents}`,
    `cost      ${costText(tally)}`,
    "",
    NOTICE,
    "",
  ].join("\n");
}
