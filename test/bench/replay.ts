/**
 * How many recorded lines go through reading, ordering, translating and reducing for each second
 * of CPU, with JSON.parse. Prints one line of JSON; run it with `node test/bench/replay.ts [copies]`.
 */
import { readFileSync } from "node:fs";
import { openReplay } from "../../src/adapters/openclaw/replay.ts";
import { advance, reduce } from "../../src/lifecycle/reduce.ts";
import { createState } from "../../src/lifecycle/state.ts";

const FIXTURE = new URL("../fixtures/openclaw/gateway-events.jsonl", import.meta.url);
const COPY_MS = 90_000;
const DEFAULT_COPIES = 250;

const shiftIso = (iso: string, by: number): string => new Date(Date.parse(iso) + by).toISOString();

/** The recording as if it had gone on: later, with ids of its own. */
function copyOf(text: string, copy: number): string[] {
  const by = copy * COPY_MS;
  return text
    .replace(/^\{"t":(\d+)/gm, (_, t: string) => `{"t":${Number(t) + by}`)
    .replace(/\b17952\d{8}\b/g, (time) => String(Number(time) + by))
    .replace(/2026-11-21T[\d:.]+Z/g, (iso) => shiftIso(iso, by))
    .replace(/"seq":(\d+)/g, (_, seq: string) => `"seq":${Number(seq) + copy * 1_000}`)
    .replace(/\b(run|chat)-(\d)\b/g, `$1-${copy}-$2`)
    .replace(/\bcall_(\d+)\b/g, `call_${copy}_$1`)
    .replace(/\b[0-9a-f]{8}(?=-[0-9a-f]{4}-)/g, copy.toString(16).padStart(8, "0"))
    .replace(/("(?:s|parentS)panId":")[0-9a-f]{4}/g, `$1${copy.toString(16).padStart(4, "0")}`)
    .trimEnd()
    .split("\n");
}

async function play(lines: readonly string[]): Promise<{ records: number; lateEvents: number }> {
  const state = createState();
  let records = 0;
  for await (const event of openReplay().events(lines)) {
    records += advance(state, event.time, {}).length;
    records += reduce(state, event, {}).length;
  }
  records += advance(state, Number.POSITIVE_INFINITY, {}).length;
  return { records, lateEvents: state.lateEvents };
}

const copies = Number(process.argv[2] ?? DEFAULT_COPIES);
const text = readFileSync(FIXTURE, "utf8");
const lines = Array.from({ length: copies }, (_, copy) => copyOf(text, copy)).flat();
await play(lines.slice(0, 10_000));
const started = process.cpuUsage();
const { records, lateEvents } = await play(lines);
const { user, system } = process.cpuUsage(started);
// Of CPU, not of the clock: what else the machine does is not the replay's.
const seconds = (user + system) / 1e6;
console.log(
  JSON.stringify({
    lines: lines.length,
    records,
    lateEvents,
    cpuSeconds: Number(seconds.toFixed(3)),
    linesPerCpuSecond: Math.round(lines.length / seconds),
    heapMb: Math.round(process.memoryUsage().heapUsed / 2 ** 20),
  }),
);
