// What the tiers behind a runtime take: CPU for each record and turn, disk for each turn, and what that costs.
import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Collector,
  startBareCollector,
  startCollector,
} from "../stack/collector/collectors.ts";
import { countRecords, planDay, spansOf } from "../stack/collector/day-plan.ts";
import { sendRecords } from "../stack/collector/load.ts";
import { type Program, waitFor } from "../stack/collector/processes.ts";
import { readAuditFile, recordsOf } from "../stack/collector/records.ts";
import { runDay } from "../stack/collector/run-day.ts";
import { type Stores, startStores } from "../stack/collector/stores.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { finish, type Row } from "./report.ts";
import { cpuSecondsOf, memoryOf } from "./server/process-figures.ts";

const isQuick = process.argv.includes("--quick");
const RECORDS = isQuick ? 2000 : 50_000;
const SESSIONS = isQuick ? 10 : 100;
const LIMIT_MS = 600_000;
/** Examples of prices; put your own in their place. */
const USD_PER_CPU_HOUR = 0.04;
const USD_PER_GB_MONTH = 0.1;

interface Tier {
  readonly name: string;
  readonly program: Program;
}

/** CPU seconds of each while something is done. */
async function cpuOf(tiers: readonly Tier[], act: () => Promise<unknown>): Promise<number[]> {
  const before = tiers.map(({ program }) => cpuSecondsOf(program.pid));
  await act();
  return tiers.map(({ program }, at) => cpuSecondsOf(program.pid) - (before[at] ?? 0));
}

const send = (collector: Collector, prefix: string, count: number) =>
  sendRecords(() => collector.url, { prefix, perSecond: Number.POSITIVE_INFINITY, count });

/** Bytes of all files below, as they are on disk. */
function diskOf(folder: string): number {
  if (!existsSync(folder)) return 0;
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return files
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(path.join(entry.parentPath, entry.name)))
    .reduce((sum, { size, blocks }) => sum + Math.min(size, blocks * 512), 0);
}

/** Bytes that a database has pages for; its write-ahead log comes on top, and is bounded. */
function pagesOf(file: string): number {
  const db = new DatabaseSync(file, { readOnly: true });
  const sql = "select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()";
  const row = db.prepare(sql).get();
  db.close();
  return Number(row?.["bytes"]);
}

await using started = new AsyncDisposableStack();
const folder = started.use(makeTemporaryFolder());
const place = (name: string): string => path.join(folder.path, name);
const tell = (line: string): void => void process.stderr.write(`${line}\n`);

async function startTiers(stores: Stores) {
  const bare = await startBareCollector(place("bare"));
  started.use(bare.program);
  // All traces are kept: what a share of them takes is that share of it.
  const variables = { ...stores.variables, SAMPLE_PERCENT: "100" };
  const central = await startCollector("central", place("central"), variables);
  started.use(central.program);
  const grpc = { CENTRAL_ENDPOINT: central.grpc, CENTRAL_ENDPOINT_2: central.grpc };
  const edge = await startCollector("edge", place("edge"), grpc);
  started.use(edge.program);
  return { bare, edge, central };
}

interface Figures {
  readonly recordSeconds: readonly number[];
  readonly bareSeconds: number;
  readonly turnSeconds: readonly number[];
  readonly turns: number;
  readonly spans: number;
  readonly disksBefore: Disks;
}

type Disks = Readonly<Record<string, number>>;

/** Bytes of what a turn leaves for good. */
const disks = (): Disks => ({
  "audit log of the runtime": diskOf(place("runtime")),
  "audit file of the central collector": diskOf(central.auditFolder),
  "the server's store": pagesOf(path.join(stores.records.folder, "audit.db")),
  "Jaeger, all traces kept": diskOf(path.join(stores.jaeger.folder, "data")),
});

tell("starting the stack");
const stores = await startStores(started, folder.path);
const { bare, edge, central } = await startTiers(stores);
const tiers: readonly Tier[] = [
  { name: "edge", program: edge.program },
  { name: "central", program: central.program },
  { name: "Jaeger", program: stores.jaeger.program },
  { name: "Prometheus", program: stores.prometheus.program },
];

/** Until the audit file and the server have as many. */
async function waitForRecords(count: number): Promise<void> {
  await waitFor(`${count} records`, LIMIT_MS, async () => {
    await sleep(2000);
    if (readAuditFile(central.auditFolder).size < count) return false;
    return (await recordsOf(stores.records)).length >= count;
  });
}

async function measure(): Promise<Figures> {
  tell(`${RECORDS} records, through a collector that drops them, and through both tiers`);
  await send(bare, "warm-", 1000);
  const [bareSeconds = 0] = await cpuOf([{ name: "bare", program: bare.program }], () =>
    send(bare, "bare-", RECORDS),
  );
  const recordSeconds = await cpuOf(tiers.slice(0, 2), async () => {
    await send(edge, "record-", RECORDS);
    await waitForRecords(RECORDS);
  });
  const day = planDay(1, SESSIONS);
  const disksBefore = disks();
  tell(`${day.length} turns`);
  const turnSeconds = await cpuOf(tiers, async () => {
    await runDay({ url: edge.url, audit: place("runtime"), seed: 1, sessions: SESSIONS });
    for (const { traceId } of day) await stores.jaeger.waitForTrace(traceId, 1);
    await waitForRecords(RECORDS + countRecords(day));
  });
  const spans = day.reduce((sum, turn) => sum + spansOf(turn), 0);
  return { recordSeconds, bareSeconds, turnSeconds, turns: day.length, spans, disksBefore };
}

/** What the turns left on disks, in bytes a turn. Programs are ended first, so that what they reserve is let go. */
async function measureDisks({ turns, disksBefore }: Figures): Promise<Disks> {
  await stores.jaeger.program.end();
  return Object.fromEntries(
    Object.entries(disks()).map(([name, size]) => [
      name,
      (size - (disksBefore[name] ?? 0)) / turns,
    ]),
  );
}

function tierRows({ recordSeconds, bareSeconds, turnSeconds, turns }: Figures): Row[] {
  return tiers.map(({ name, program }, at) => {
    const seconds = recordSeconds[at];
    return {
      name,
      figures: {
        ...(seconds !== undefined && {
          "records per CPU-second": RECORDS / seconds,
          "times a bare collector": seconds / bareSeconds,
        }),
        "turns per CPU-second": turns / (turnSeconds[at] ?? Number.NaN),
        "peak MB": memoryOf(program.pid).peak,
      },
    };
  });
}

const figures = await measure();
const rows = tierRows(figures);
const bytesOfTurn = await measureDisks(figures);
const cpuHours =
  (figures.turnSeconds.reduce((sum, one) => sum + one, 0) * 1e6) / figures.turns / 3600;
const bytes = Object.values(bytesOfTurn).reduce((sum, one) => sum + one, 0);

finish({
  title: "Collector: the edge, the central tier and the stores, on one machine",
  notes: [
    `${RECORDS} records of some 300 bytes, 50 a request, OTLP/JSON. A bare collector takes the same and drops it.`,
    `${figures.turns} turns with ${(figures.spans / figures.turns).toFixed(1)} spans and 2 records each, and metrics every second; secrets taken out, sampled at 100 %, queues on disk.`,
    `USD: at ${USD_PER_CPU_HOUR} for a CPU-hour and ${USD_PER_GB_MONTH} for a GB-month of disk, all kept for a month.`,
  ],
  rows: [
    ...rows,
    ...Object.entries(bytesOfTurn).map(([name, size]) => ({
      name,
      figures: { "bytes a turn": size },
    })),
    {
      name: "a million turns",
      figures: {
        "CPU-hours": cpuHours,
        GB: bytes / 1000,
        USD: cpuHours * USD_PER_CPU_HOUR + (bytes / 1000) * USD_PER_GB_MONTH,
      },
    },
  ],
});
