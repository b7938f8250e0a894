import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { report, rounds, startRandom, within } from "../support/fault-scale.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { startUp } from "../support/up-process.ts";
import {
  createLedger,
  type Ledger,
  missing,
  readNaive,
  readStore,
  sendOne,
  sendUntil,
  startNaiveServer,
} from "./server-traffic.ts";

/** Answers that a server gives before it is killed: by their number, since a slow machine is slow to give them. */
const MAX_ANSWERS = 60;
const LIFE_TIMEOUT_MS = 30_000;
/** Between the last of them and the kill, which is to strike anywhere in a commit. */
const MAX_PAUSE_MS = 20;

async function waitForAnswers(count: number, ledgers: readonly Ledger[]): Promise<void> {
  const answers = (): number => ledgers.reduce((sum, { acked }) => sum + acked.size, 0);
  const [before, deadline] = [answers(), Date.now() + LIFE_TIMEOUT_MS];
  while (answers() - before < count && Date.now() < deadline) await sleep(1);
}

test(
  "a server that is killed while it takes telemetry has all that it answered 200, each once",
  within({ minutes: 20 }, { minutes: 5 }),
  async () => {
    using folder = makeTemporaryFolder();
    const random = startRandom(22);
    const spans = createLedger();
    const records = createLedger();
    const kills = rounds(50, 6);
    for (let kill = 0; kill < kills; kill += 1) {
      const up = await startUp(folder.path);
      let isOver = false;
      const senders = (["traces", "traces", "logs", "logs"] as const).map((signal) =>
        sendUntil(
          () => isOver,
          { otlpUrl: up.otlpUrl, signal },
          signal === "logs" ? records : spans,
        ),
      );
      await waitForAnswers(random() * MAX_ANSWERS, [spans, records]);
      await sleep(random() * MAX_PAUSE_MS);
      await up.end("SIGKILL");
      isOver = true;
      await Promise.all(senders);
    }
    // A last start takes up what the spans' file did not know of yet.
    const last = await startUp(folder.path);
    expect(await last.end("SIGTERM")).toBe(0);
    const store = readStore(folder.path);
    expect(store.problems).toEqual([]);
    expect(records.acked.size).toBeGreaterThan(kills);
    expect(missing(records.acked, store.records)).toEqual([]);
    // The promise for spans is all but the last commit; the files are the system's, so none is missed.
    expect(missing(spans.acked, store.spans)).toEqual([]);
    expect(missing(store.spans, spans.sent)).toEqual([]);
    expect(new Set(store.countedCalls)).toEqual(new Set([store.spans.size]));
    report("kills", {
      kills,
      "records acknowledged": records.acked.size,
      "records lost": 0,
      "spans acknowledged": spans.acked.size,
      "spans lost": 0,
    });
  },
);

test(
  "a receiver that answers before it writes loses what it answered",
  within({ minutes: 2 }),
  async () => {
    using folder = makeTemporaryFolder();
    const ledger = createLedger();
    const naive = await startNaiveServer(folder.path);
    for (let sent = 0; sent < 50; sent += 1) {
      await sendOne({ otlpUrl: naive.otlpUrl, signal: "traces" }, ledger);
    }
    await naive.end();
    const lost = missing(ledger.acked, readNaive(folder.path));
    report("naive receiver, killed", { acknowledged: ledger.acked.size, lost: lost.length });
    expect(lost.length).toBeGreaterThan(0);
  },
);
