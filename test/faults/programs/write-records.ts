/**
 * Writes numbered records to a folder and tells each one that was acknowledged on standard output, a pipe
 * that no fault reaches: the ledger of the fault tests.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { SegmentLog } from "../../../src/base/segment-log.ts";
import { type NaiveKind, openNaiveLog } from "./naive-log.ts";
import { say } from "./say.ts";

/** How records are written: by the log in both of its modes, or in a way that loses them. */
export type WriterKind = "strict" | "batched" | NaiveKind;

const { FOLDER = "", KIND = "strict", COUNT = "100", IN_FLIGHT = "1" } = process.env;
const { SEGMENT_BYTES = "1500", PACE_MS = "0", LIFE_MS = "600000" } = process.env;

/** Appends one record; true when it is acknowledged as stored. */
type Append = (n: number) => Promise<boolean>;

const body = (n: number): string => `{"n":${n},"pad":"${"x".repeat(100)}"}`;

async function openWriter(kind: WriterKind): Promise<{ append: Append; close(): Promise<void> }> {
  if (kind !== "strict" && kind !== "batched") return openNaiveLog(FOLDER, kind, body);
  const recent: number[] = [];
  const log = await SegmentLog.open({
    folder: FOLDER,
    mode: kind,
    maxSegmentBytes: Number(SEGMENT_BYTES),
    openSet: () => recent.slice(-3).map((n) => `{"open":${n}}`),
    onAlarm: ({ kind: alarm, ...rest }) => say(`alarm ${alarm} ${JSON.stringify(rest)}`),
  });
  return {
    append: async (n) => {
      const ack = log.append(body(n));
      recent.push(n);
      return (await ack).stored;
    },
    close: () => log.close(),
  };
}

// A log that waits for its disk keeps no process alive; this one has nothing else to do.
const alive = setTimeout(() => process.exit(9), Number(LIFE_MS));
const writer = await openWriter(KIND as WriterKind);
say(`open ${process.pid}`);
let next = 0;
const work = async (): Promise<void> => {
  while (next < Number(COUNT)) {
    const n = next++;
    const isStored = await writer.append(n);
    say(`${isStored ? "ack" : "lost"} ${n} ${performance.now().toFixed(1)}`);
    if (PACE_MS !== "0") await sleep(Number(PACE_MS));
  }
};
await Promise.all(Array.from({ length: Number(IN_FLIGHT) }, work));
await writer.close();
say("closed");
clearTimeout(alive);
