// How much the server takes: spans until they are in the store, for each second of its CPU, and how long the
// query API takes meanwhile.
import { setTimeout as sleep } from "node:timers/promises";
import { spreadOf } from "./measure.ts";
import { finish, type Row } from "./report.ts";
import { sendAll } from "./server/send.ts";
import { type ServerProcess, startServerProcess } from "./server/server-process.ts";
import { type BodyFormat, makeBodies, Workload } from "./server/spans.ts";

const isQuick = process.argv.includes("--quick");
const BATCHES = isQuick ? 20 : 120;
const WARM_UP = isQuick ? 5 : 30;
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

async function measure(variant: Variant, seed: number): Promise<Row> {
  const { name, format, content, atLeast } = variant;
  const workload = new Workload({ seed, content, days: 14, endMs: Date.now() });
  const bodies = makeBodies(workload, WARM_UP + BATCHES, format);
  await using server = await startServerProcess();
  const idle = server.memory().now;
  await sendAll(server.otlpUrl, bodies.slice(0, WARM_UP));
  const before = { cpu: server.cpuSeconds(), at: performance.now() };
  const sent = sendAll(server.otlpUrl, bodies.slice(WARM_UP));
  // The looker-on's answers cost CPU too: a small part of it, and not taken off.
  const times = await askMeanwhile(server, sent);
  await sent;
  const spans = bodies.slice(WARM_UP).reduce((sum, body) => sum + body.spans, 0);
  const cpuSeconds = server.cpuSeconds() - before.cpu;
  const asked = times.toSorted((one, other) => one - other);
  return {
    name,
    figures: {
      "spans per CPU-second": spans / cpuSeconds,
      "spans per second": spans / ((performance.now() - before.at) / 1000),
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
    "API: GET /api/sessions every 20 ms meanwhile; its p95 should be 15 ms at most, the peak 250 MB, idle 100 MB.",
  ],
  rows,
});
