import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import type { ServerStatus } from "../../src/server/api-report-types.ts";
import { report, within } from "../support/fault-scale.ts";
import { makeSmallDisk } from "../support/small-disk.ts";
import { startUp, type UpProcess } from "../support/up-process.ts";
import {
  createLedger,
  type Ledger,
  missing,
  readNaive,
  readStore,
  type Signal,
  sendOne,
  startNaiveServer,
} from "./server-traffic.ts";

const BALLAST_BYTES = 8 * 1024 * 1024;
const TEXT_LENGTH = 60_000;
const MOST = 2000;

/** Sends until something is not taken; returns how that was answered. */
async function fill(otlpUrl: string, signal: Signal, ledger: Ledger): Promise<number | undefined> {
  for (let sent = 0; sent < MOST; sent += 1) {
    const status = await sendOne({ otlpUrl, signal, textLength: TEXT_LENGTH }, ledger);
    if (status !== 200) return status;
  }
  return 200;
}

async function readState(up: UpProcess): Promise<ServerStatus["store"]> {
  const response = await fetch(`${up.uiUrl}/api/status`, {
    headers: { authorization: `Bearer ${up.token}` },
  });
  return ((await response.json()) as ServerStatus).store;
}

test.each(["traces", "logs"] as const)(
  "a full disk: %s are answered 503, it is said, all acknowledged is kept, and it goes on when there is room",
  within({ minutes: 3 }),
  async (signal) => {
    await using disk = await makeSmallDisk(24);
    const ballast = path.join(disk.path, "ballast");
    await writeFile(ballast, new Uint8Array(BALLAST_BYTES));
    const folder = path.join(disk.path, "data");
    const up = await startUp(folder);
    const ledger = createLedger();
    expect(await fill(up.otlpUrl, signal, ledger)).toBe(503);
    expect(await readState(up)).toMatchObject({ state: "full" });
    const health = await fetch(`${up.uiUrl}/healthz`);
    expect(health.status).toBe(503);
    const before = ledger.acked.size;
    await rm(ballast);
    await expect
      .poll(() => sendOne({ otlpUrl: up.otlpUrl, signal, textLength: TEXT_LENGTH }, ledger), {
        timeout: 20_000,
      })
      .toBe(200);
    expect(await readState(up)).toMatchObject({ state: "ok" });
    expect(await up.end("SIGTERM")).toBe(0);
    const store = readStore(folder);
    expect(store.problems).toEqual([]);
    expect(missing(ledger.acked, signal === "logs" ? store.records : store.spans)).toEqual([]);
    report(`full disk, ${signal}`, {
      acknowledged: before,
      lost: 0,
      "after it": ledger.acked.size - before,
    });
  },
);

test(
  "a receiver that answers before it writes says yes to what a full disk cannot take",
  within({ minutes: 3 }),
  async () => {
    await using disk = await makeSmallDisk(6);
    const naive = await startNaiveServer(disk.path);
    const ledger = createLedger();
    for (let sent = 0; sent < 200; sent += 1) {
      await sendOne({ otlpUrl: naive.otlpUrl, signal: "traces", textLength: TEXT_LENGTH }, ledger);
    }
    await naive.end();
    const lost = missing(ledger.acked, readNaive(disk.path));
    report("naive receiver, full disk", { acknowledged: ledger.acked.size, lost: lost.length });
    expect(lost.length).toBeGreaterThan(0);
  },
);
