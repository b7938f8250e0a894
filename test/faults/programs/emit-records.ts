/**
 * Emits records at a steady rate: to the audit lane, or as the control to the SDK's own batch processor.
 * Says `ack <number>` for each that was acknowledged (the SDK acknowledges all at once, by saying
 * nothing), `done` after the last one, and at its end a line `stats <JSON>`.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { AuditLane } from "../../../src/audit/lane.ts";
import { makeRecord } from "../../support/audit-lane.ts";
import { createTarget } from "../../support/audit-receiver.ts";
import { say } from "./say.ts";

export type EmitterKind = "lane" | "stock";

/** What is said at the end. */
export interface EmitterStats {
  readonly stored: number;
  readonly lost: number;
  /** Of the calls that emit, microseconds. */
  readonly p99Us: number;
  /** By how much the process grew, megabytes. */
  readonly grownMb: number;
  readonly heapGrownMb: number;
}

const { KIND = "lane", FOLDER = "", URLS = "", COUNT = "100", FROM = "0" } = process.env;
/** Records a second; 0: all in one tick. */
const { RATE = "500", SAY_ACKS = "yes", DRAIN_MS = "0", MAX_BACKOFF_MS = "5000" } = process.env;

interface Emitter {
  emit(n: number): Promise<boolean>;
  drain(timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
}

async function openLane(): Promise<Emitter> {
  const lane = await AuditLane.open({
    folder: FOLDER,
    owner: { resource: { "service.name": "emitter" }, version: "0" },
    targets: URLS.split(",").flatMap((url, n) => (url === "" ? [] : createTarget(url, `to${n}`))),
    timing: { maxBackoffMs: Number(MAX_BACKOFF_MS) },
  });
  return {
    emit: async (n) => (await lane.append(makeRecord(n))).stored,
    drain: (timeoutMs) => lane.drain(timeoutMs),
    close: () => lane.close(),
  };
}

function openStock(): Emitter {
  const exporter = new OTLPLogExporter({ url: URLS });
  const provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] });
  const logger = provider.getLogger("emitter");
  return {
    emit: async (n) => {
      const { eventName, timestamp, attributes } = makeRecord(n);
      logger.emit({ eventName, timestamp, attributes: { ...attributes } });
      return true;
    },
    drain: async () => {
      await provider.forceFlush().catch(() => {});
      return true;
    },
    close: () => provider.shutdown().catch(() => {}),
  };
}

// What this program keeps for itself must not look like growth of what it measures.
const times = new Float64Array(Number(COUNT));
const counts = { stored: 0, lost: 0 };
const growth = { rss: 0, heap: 0 };
const before = process.memoryUsage();

function measure(): void {
  const { rss, heapUsed } = process.memoryUsage();
  growth.rss = Math.max(growth.rss, rss - before.rss);
  growth.heap = Math.max(growth.heap, heapUsed - before.heapUsed);
}

async function emit(emitter: Emitter, at: number): Promise<void> {
  const n = Number(FROM) + at;
  const began = performance.now();
  const ack = emitter.emit(n);
  times[at] = performance.now() - began;
  const isStored = await ack;
  counts[isStored ? "stored" : "lost"] += 1;
  if (isStored && SAY_ACKS === "yes") say(`ack ${n}`);
}

async function emitAll(emitter: Emitter): Promise<void> {
  const [count, rate] = [Number(COUNT), Number(RATE)];
  const began = performance.now();
  for (let done = 0; done < count; ) {
    const due = rate === 0 ? count : Math.floor(((performance.now() - began) * rate) / 1000);
    for (; done < Math.min(due, count); done += 1) void emit(emitter, done);
    measure();
    if (done < count) await sleep(5);
  }
  while (counts.stored + counts.lost < count) await sleep(5);
}

const alive = setInterval(measure, 100);
const emitter = KIND === "stock" ? openStock() : await openLane();
say(`open ${process.pid}`);
await emitAll(emitter);
say("done");
const until = performance.now() + Number(DRAIN_MS);
while (performance.now() < until && !(await emitter.drain(until - performance.now()))) {
  // The lane says at once that it waits for its receiver.
  await sleep(50);
}
await emitter.close();
clearInterval(alive);
times.sort();
const stats: EmitterStats = {
  ...counts,
  p99Us: 1000 * (times[Math.floor(times.length * 0.99)] ?? 0),
  grownMb: growth.rss / 1e6,
  heapGrownMb: growth.heap / 1e6,
};
say(`stats ${JSON.stringify(stats)}`);
