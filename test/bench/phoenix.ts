// Turnspan's server beside Arize Phoenix: the same requests in the same run, until each span is in the database.
//
//     python3 -m venv /tmp/phoenix && /tmp/phoenix/bin/pip install arize-phoenix
//     PHOENIX_VENV=/tmp/phoenix node test/bench/phoenix.ts
import { spawn } from "node:child_process";
import { existsSync, mkdtempDisposableSync, statSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { finish, type Row } from "./report.ts";
import { cpuSecondsOf, memoryOf } from "./server/process-figures.ts";
import { sendAll } from "./server/send.ts";
import { startServerProcess } from "./server/server-process.ts";
import { BATCH, makeBodies, Workload } from "./server/spans.ts";

const BATCHES = process.argv.includes("--quick") ? 4 : 20;
const DEADLINE_MS = 600_000;

/** A server under measurement. */
interface Contender extends AsyncDisposable {
  readonly name: string;
  readonly otlpUrl: string;
  readonly startMs: number;
  cpuSeconds(): number;
  memory(): { readonly now: number; readonly peak: number };
  /** Spans that are in its database, and the bytes of that. */
  stored(): { readonly spans: number; readonly bytes: number };
}

function readStored(file: string, sql: string): { readonly spans: number; readonly bytes: number } {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  const spans = Number(database.prepare(sql).get()?.["n"]);
  database.close();
  const bytes = [file, `${file}-wal`]
    .filter((one) => existsSync(one))
    .reduce((sum, one) => sum + statSync(one).size, 0);
  return { spans, bytes };
}

async function startTurnspan(): Promise<Contender> {
  const server = await startServerProcess();
  const file = path.join(server.folder, "spans.db");
  return {
    ...server,
    name: "turnspan",
    stored: () => readStored(file, "select count(*) as n from span"),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function startPhoenix(venv: string): Promise<Contender> {
  const folder = mkdtempDisposableSync(path.join(tmpdir(), "phoenix-bench-"));
  const [port, grpcPort] = [await findFreePort(), await findFreePort()];
  const began = performance.now();
  const child = spawn(path.join(venv, "bin/phoenix"), ["serve"], {
    env: {
      PATH: process.env["PATH"],
      HOME: folder.path,
      PHOENIX_WORKING_DIR: folder.path,
      PHOENIX_HOST: "127.0.0.1",
      PHOENIX_PORT: String(port),
      PHOENIX_GRPC_PORT: String(grpcPort),
      PHOENIX_TELEMETRY_ENABLED: "false",
    },
    stdio: "ignore",
  });
  const otlpUrl = `http://127.0.0.1:${port}`;
  await until(async () => (await fetch(`${otlpUrl}/healthz`).catch(() => undefined))?.ok === true);
  const startMs = performance.now() - began;
  const pid = child.pid ?? 0;
  const file = path.join(folder.path, "phoenix.db");
  return {
    ...{ name: "Arize Phoenix", otlpUrl, startMs },
    cpuSeconds: () => cpuSecondsOf(pid),
    memory: () => memoryOf(pid),
    stored: () => readStored(file, "select count(*) as n from spans"),
    [Symbol.asyncDispose]: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
      folder.remove();
    },
  };
}

async function until(isReached: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!(await isReached())) {
    if (performance.now() > deadline) throw new Error("it took longer than ten minutes");
    await sleep(100);
  }
}

async function measure(start: () => Promise<Contender>): Promise<Row> {
  await using contender = await start();
  const idle = contender.memory().now;
  const workload = new Workload({ seed: 5, content: true, days: 1, endMs: Date.now() });
  const bodies = makeBodies(workload, BATCHES, "protobuf");
  const before = { cpu: contender.cpuSeconds(), at: performance.now() };
  await sendAll(contender.otlpUrl, bodies);
  const spans = BATCHES * BATCH;
  await until(() => contender.stored().spans >= spans);
  const seconds = (performance.now() - before.at) / 1000;
  return {
    name: contender.name,
    figures: {
      "spans per CPU-second": spans / (contender.cpuSeconds() - before.cpu),
      "seconds until stored": seconds,
      "bytes a span": contender.stored().bytes / spans,
      "start ms": contender.startMs,
      "idle MB": idle,
      "peak MB": contender.memory().peak,
    },
  };
}

const venv = process.env["PHOENIX_VENV"];
const contenders = venv === undefined ? [] : [() => startPhoenix(venv)];
const rows: Row[] = [];
for (const start of [startTurnspan, ...contenders]) rows.push(await measure(start));
finish({
  title: `${BATCHES * BATCH} spans with content by OTLP over HTTP, protobuf, gzip, four connections`,
  notes: [
    ...(venv === undefined
      ? ["Phoenix was not measured: PHOENIX_VENV names no environment that has it."]
      : []),
    "Both from a cold start; both stores are SQLite. Bytes are those of the database with its journal.",
  ],
  rows,
});
