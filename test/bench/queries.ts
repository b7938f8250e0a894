// How long the query API takes when the store holds a million spans, or BENCH_SPANS of them: each answer as a client
// gets it.
import { statSync } from "node:fs";
import { join } from "node:path";
import type { SessionList, TurnList } from "../../src/server/api-types.ts";
import { spreadOf } from "./measure.ts";
import { finish, type Row } from "./report.ts";
import { sendAll } from "./server/send.ts";
import { type ServerProcess, startServerProcess } from "./server/server-process.ts";
import { BATCH, makeBodies, Workload } from "./server/spans.ts";

const isQuick = process.argv.includes("--quick");
const SPANS = Number(process.env["BENCH_SPANS"] ?? (isQuick ? 50_000 : 1_000_000));
const BODIES_AT_ONCE = 100;
const RUNS = isQuick ? 5 : 30;
const DAY_MS = 86_400_000;

async function fill(server: ServerProcess): Promise<void> {
  const workload = new Workload({ seed: 7, content: true, days: 14, endMs: Date.now() });
  for (let sent = 0; sent < SPANS; sent += BODIES_AT_ONCE * BATCH) {
    const bodies = makeBodies(workload, BODIES_AT_ONCE, "protobuf");
    await sendAll(server.otlpUrl, bodies);
    process.stderr.write(`\r${Math.min(SPANS, sent + bodies.length * BATCH)} spans sent`);
  }
  process.stderr.write("\n");
}

async function ask(server: ServerProcess, path: string): Promise<unknown> {
  const response = await fetch(server.uiUrl + path, {
    headers: { authorization: `Bearer ${server.token}` },
  });
  if (response.status !== 200) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

/** Addresses by what they are for. */
async function listQueries(server: ServerProcess): Promise<Readonly<Record<string, string>>> {
  const { sessions } = (await ask(server, "/api/sessions?limit=200")) as SessionList;
  const { turns } = (await ask(server, "/api/turns?limit=1")) as TurnList;
  const session = sessions[100]?.id;
  const range = `from=${Date.now() - 14 * DAY_MS}&to=${Date.now()}&tz=Europe/Berlin`;
  return {
    "session list": "/api/sessions",
    "session list, searched": "/api/sessions?q=agent:main:77",
    "session list, of a project": "/api/sessions?project=/home/u/shop",
    "a session": `/api/sessions/${session}`,
    "turn list": "/api/turns",
    "turn list, failed": "/api/turns?state=failed",
    "a trace": `/api/traces/${turns[0]?.traceId}`,
    "cost by day, 14 days": `/api/cost?by=day&${range}`,
    "cost by day and model": `/api/cost?by=day&split=model&${range}`,
    "cost by project": `/api/cost?by=project&${range}`,
    "errors, 14 days": `/api/errors?${range}`,
    records: "/api/records",
    status: "/api/status",
    metrics: "/metrics",
  };
}

async function time(server: ServerProcess, path: string): Promise<number> {
  const began = performance.now();
  const response = await fetch(server.uiUrl + path, {
    headers: { authorization: `Bearer ${server.token}` },
  });
  await response.arrayBuffer();
  return performance.now() - began;
}

async function measure(server: ServerProcess, name: string, path: string): Promise<Row> {
  const first = await time(server, path);
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) times.push(await time(server, path));
  const atMost = name === "session list" ? 5 : 100;
  return {
    name,
    figures: { "first ms": first, ms: spreadOf(times) },
    goal: { column: "ms", atMost },
  };
}

await using server = await startServerProcess();
await fill(server);
const rows: Row[] = [];
for (const [name, path] of Object.entries(await listQueries(server))) {
  rows.push(await measure(server, name, path));
}
const megabytes = statSync(join(server.folder, "spans.db")).size / 1e6;
finish({
  title: `Queries of a store of ${SPANS.toLocaleString("en-US")} spans, over HTTP, one after the other`,
  notes: [
    `The store has ${Math.round(megabytes)} MB; the server ${Math.round(server.memory().now)} MB of memory, at most ${Math.round(server.memory().peak)} MB.`,
  ],
  rows,
});
