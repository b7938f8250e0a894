// How much the server takes: spans until they are in the store, for each second of its CPU, beside inflating the
// same requests and nothing else; and how long the query API takes meanwhile.
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { spreadOf } from "./measure.ts";
import { finish, type Row } from "./report.ts";
import { sendAll } from "./server/send.ts";
import { type ServerProcess, startServerProcess } from "./server/server-process.ts";
import { type BodyFormat, makeBodies, type RequestBody, Workload } from "./server/spans.ts";

const isQuick = process.argv.includes("--quick");
const BATCHES = isQuick ? 10 : 60;
const WATCHED_BATCHES = isQuick ? 5 : 30;
const WARM_UP = isQuick ? 5 : 20;
const ASK_EVERY_MS = 20;

interface Variant {
  readonly name: string;
  readonly format: BodyFormat;
  readonly content: boolean;
  readonly atLeast: number | undefined;
}

const VARIANTS: readonly Variant[] = [
  { name: "protobuf, with content", format: "protobuf", content: true, atLeast: 15_000 },
  { name: "json, with content", format: "json", content: true, atLeast: undefined },
  { name: "protobuf, without content", format: "protobuf", content: false, atLeast: 40_000 },
  { name: "json, without content", format: "json", content: false, atLeast: undefined },
];

/** Asks as a person does who looks on; returns how long each answer took. */
async function askMeanwhile(server: ServerProcess, until: Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  let isOver = false;
  void until.finally(() => (isOver = true));
  while (!isOver) {
    const began = performance.now();
    const response = await fetch(`${server.uiUrl}/api/sessions`, {
      headers: { authorization: `Bearer ${server.token}` },
    });
    await response.arrayBuffer();
    times.push(performance.now() - began);
    await sleep(ASK_EVERY_MS);
  }
  return times;
}

const countSpans = (bodies: readonly RequestBody[]): number =>
  bodies.reduce((sum, body) => sum + body.spans, 0);

const MIN_INFLATE_US = 300_000;

/** Spans for each second of CPU that inflating takes: what no receiver can do without. */
function inflateAlone(bodies: readonly RequestBody[]): number {
  const before = process.cpuUsage();
  for (let rounds = 1; ; rounds += 1) {
    for (const { bytes } of bodies) gunzipSync(bytes);
    const { user, system } = process.cpuUsage(before);
    const us = user + system;
    if (us > MIN_INFLATE_US) return (rounds * countSpans(bodies) * 1e6) / us;
  }
}

async function measure(variant: Variant, seed: number): Promise<Row> {
  const { name, format, content, atLeast } = variant;
  const workload = new Workload({ seed, content, days: 14, endMs: Date.now() });
  const make = (count: number): RequestBody[] => makeBodies(workload, count, format);
  await using server = await startServerProcess();
  await sleep(1000);
  const idle = server.memory().now;
  await sendAll(server.otlpUrl, make(WARM_UP));
  const bodies = make(BATCHES);
  const before = { cpu: server.cpuSeconds(), at: performance.now() };
  await sendAll(server.otlpUrl, bodies);
  const perCpuSecond = countSpans(bodies) / (server.cpuSeconds() - before.cpu);
  const perSecond = countSpans(bodies) / ((performance.now() - before.at) / 1000);
  const inflated = inflateAlone(bodies);
  // Apart, because answers cost CPU too.
  const times = await askMeanwhile(server, sendAll(server.otlpUrl, make(WATCHED_BATCHES)));
  const asked = times.toSorted((one, other) => one - other);
  return {
    name,
    figures: {
      "spans per CPU-second": perCpuSecond,
      "gunzip alone": inflated,
      ratio: inflated / perCpuSecond,
      "spans per second": perSecond,
      "API p50 ms": spreadOf(asked).median,
      "API p95 ms": asked[Math.floor(asked.length * 0.95)] ?? Number.NaN,
      "start ms": server.startMs,
      "idle MB": idle,
      "peak MB": server.memory().peak,
    },
    goal: atLeast === undefined ? undefined : { column: "spans per CPU-second", atLeast },
  };
}

const rows: Row[] = [];
for (const [at, variant] of VARIANTS.entries()) rows.push(await measure(variant, at + 1));

finish({
  title:
    "Ingest: OTLP over HTTP, gzip, 512 spans a request, four connections, until it is committed",
  notes: [
    "With content: one model call in four has 2 to 20 kB of messages. The load generator runs on the same machine.",
    "Gunzip alone: spans per CPU-second of inflating the same requests, in the same minute. Ratio: how often the server's work is that.",
    "API: GET /api/sessions every 20 ms meanwhile; its p95 should be 15 ms at most, the peak 250 MB, idle 100 MB.",
  ],
  rows,
});
