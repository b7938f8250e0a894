/**
 * Records some things, waits until they are safe and says `safe <count>`, records more, and ends at once in
 * the way that $END names. Says `said <record id>` for each record. With $END `next` it only delivers what others left.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isMainThread, Worker } from "node:worker_threads";
import type { Telemetry } from "../../../src/sdk/start.ts";
import { startTelemetry } from "../../../src/sdk/start.ts";
import { say } from "./say.ts";

/** How a process that keeps an audit log ends. */
export type AuditedEnd =
  | "natural"
  | "process.exit"
  | "throw"
  | "rejection"
  | "signal"
  | "out-of-memory"
  | "worker";

const { END = "natural", FOLDER = "", RECEIVER: url = "" } = process.env;

function start(): Promise<Telemetry> {
  return startTelemetry({
    serviceName: "exit",
    metrics: false,
    endpoint: url.replace("/v1/logs", ""),
    protocol: "http/json",
    audit: { folder: FOLDER, destinations: [{ name: "test", url, protocol: "http/json" }] },
    onRecord: ({ attributes }) => say(`said ${attributes["turnspan.record.id"]}`),
  });
}

async function work(): Promise<void> {
  const telemetry = await start();
  const session = telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" });
  for (let n = 0; n < 5; n += 1) await session.turn({}, () => "done");
  while (telemetry.audit()[0]?.log.waitingBytes !== 0) await sleep(1);
  say(`safe ${telemetry.audit()[0]?.log.nextSeq}`);
  for (let n = 0; n < 5; n += 1) await session.turn({}, () => "done");
  void session.turn({}, () => new Promise(() => {}));
}

/** Grows until the heap is full, which ends the process without any handler. */
function useAllMemory(): void {
  const kept: unknown[] = [];
  for (;;) kept.push(new Array(10_000).fill(kept.length));
}

const ends: Readonly<Record<string, () => void>> = {
  natural: () => {},
  "process.exit": () => process.exit(3),
  worker: () => process.exit(0),
  throw: () => {
    throw new RangeError("nobody caught this");
  },
  rejection: () => void Promise.reject(new RangeError("nobody caught this")),
  signal: () => setInterval(() => {}, 1000),
  "out-of-memory": useAllMemory,
};

if (END === "next") {
  await using telemetry = await start();
  await telemetry.recover();
  await telemetry.forceFlush(60_000);
} else if (END === "worker" && isMainThread) {
  new Worker(new URL(import.meta.url));
} else {
  await work();
  say("ready");
  // Outside of any promise.
  setImmediate(() => ends[END]?.());
}
